// Encrypting to a PGP key in this process. Only the exact fingerprint counts, and a key that is expired, revoked or weak
// is refused.
import type { Key, PublicKey, Subkey } from 'openpgp'
import type { Host } from '../../host.ts'
import type { MasterKey } from '../types.ts'
import type { Attempt, Failure } from './attempt.ts'
import { readFingerprint, type Fingerprint } from './fingerprint.ts'
import { describePlaces } from './key-sources.ts'
import { describeErrors, openWorkshop, type HeldKey, type Workshop } from './open-pgp.ts'

/** Gives the armored message. Throws KeyBackendError not-installed. */
export async function encryptInProcess(key: MasterKey, dataKey: Uint8Array, host: Host): Promise<Attempt<string>> {
  const wanted = readFingerprint(key.id)
  // gpg never wrote a new expiry date into secring.gpg; sops does not encrypt to its keys either.
  const workshop = await openWorkshop(host, key, ({ isSecret, fromKeyring }) => !(isSecret && fromKeyring))
  if (wanted === undefined || !('openpgp' in workshop)) return notAvailable(key, host, workshop.errors)
  const matching = workshop.keys.filter((held) => isMeant(held.key, wanted))
  const own = matching.filter(({ text }) => !text.fromKeyring)
  const usable = own.length > 0 ? own : matching
  try {
    const whole = await mergeCopies(usable)
    if (whole === undefined) return notAvailable(key, host, workshop.errors)
    return { value: await encryptTo(whole, wanted, dataKey, workshop) }
  } catch (error) {
    const places = [...new Set(usable.map(({ text }) => text.location))].join(', ')
    const message = `the key in ${places} cannot be used: ${error instanceof Error ? error.message : 'unknown'}`
    // What our variables name is the last word. Of what stands in an old keyring gpg may know a newer copy.
    return { reason: 'denied', message, hint: adviceOnUnusable, final: own.length > 0 }
  }
}

const adviceOnUnusable = 'Extend or replace the key and export it again, or take it off the list of master keys.'

function isMeant(held: Key, { hex, forced }: Fingerprint): boolean {
  return forced ? partWith(held, hex) !== undefined : held.getFingerprint() === hex
}

function partWith(held: Key, fingerprint: string): Key | Subkey | undefined {
  return held.getKeys().find((part) => part.getFingerprint() === fingerprint)
}

// Copies of one key may be of different age: together they know the newest expiry date and every revocation.
async function mergeCopies(copies: readonly HeldKey[]): Promise<PublicKey | undefined> {
  let whole: PublicKey | undefined
  for (const { key } of copies) {
    const copy = key.toPublic()
    whole = whole === undefined ? copy : await whole.update(copy)
  }
  return whole
}

async function encryptTo(
  key: PublicKey,
  { hex, forced }: Fingerprint,
  dataKey: Uint8Array,
  { openpgp, config }: Workshop,
): Promise<string> {
  const forcedId = forced ? partWith(key, hex)?.getKeyID() : undefined
  const chosen = await key.getEncryptionKey(forcedId, new Date(), undefined, config)
  if (forced && chosen.getFingerprint() !== hex) throw new Error('it does not encrypt')
  // The package's types need another one that is not installed.
  const armored: unknown = await openpgp.encrypt({
    message: await openpgp.createMessage({ binary: dataKey, filename: '' }),
    encryptionKeys: key,
    encryptionKeyIDs: chosen.getKeyID(),
    // Given by us, so that it is always the form that every gpg and sops reads, whatever the key says that it prefers.
    sessionKey: { data: crypto.getRandomValues(new Uint8Array(32)), algorithm: 'aes256' },
    config,
  })
  if (typeof armored !== 'string') throw new Error('it gave no message')
  return armored.trim()
}

function notAvailable({ id }: MasterKey, host: Host, errors: readonly string[]): Failure {
  const message = `key with fingerprint '${id}' is not available in keyring (${describePlaces(host, 'public')})${describeErrors(errors)}`
  const hint = `Import the public key with gpg --import, or put it into a file that TSOPS_PGP_PUBLIC_KEY_FILE names.`
  return { reason: 'no-credential', message, hint }
}
