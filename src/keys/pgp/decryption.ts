// Decrypting with a PGP key in this process. An expired or revoked key still opens what was once encrypted to it. What the
// package says of a failure is not passed on: it would help someone who tries one forged message after another.
import type { Key } from 'openpgp'
import type { Host } from '../../host.ts'
import type { MasterKey } from '../types.ts'
import type { Attempt, Failure } from './attempt.ts'
import { describePlaces } from './key-sources.ts'
import type { EncryptedMessage } from './message.ts'
import { describeErrors, openWorkshop, type HeldKey, type OpenPgp, type Workshop } from './open-pgp.ts'
import { unlock, type SecretPacket } from './passphrase.ts'

/** Gives what the message holds. Throws KeyBackendError not-installed. */
export async function decryptInProcess(
  masterKey: MasterKey,
  message: EncryptedMessage,
  host: Host,
): Promise<Attempt<Uint8Array>> {
  const workshop = await openWorkshop(host, masterKey, ({ isSecret }) => isSecret)
  if (!('openpgp' in workshop)) {
    return notHeld(
      message,
      `no PGP secret key was found in ${describePlaces(host, 'secret')}${describeErrors(workshop.errors)}`,
      [],
    )
  }
  const faults: string[] = []
  for (const held of workshop.keys) {
    const parts = secretParts(held.key, message, workshop.openpgp)
    if (parts.length === 0) continue
    const plain = await decryptWith(held, parts, { message, workshop, host })
    if (typeof plain !== 'string') return { value: plain }
    faults.push(plain)
  }
  if (faults.length > 0) return { reason: 'denied', message: faults.join('; '), hint: adviceOnLocked }
  const text = `no PGP secret key that was found is for this message${describeErrors(workshop.errors)}`
  return notHeld(message, text, workshop.keys)
}

const adviceOnLocked = 'Give the passphrase of the secret key in TSOPS_PGP_PASSPHRASE, or the key without one.'

/** The parts of the key that can open the message, if they are not locked. */
function secretParts(key: Key, { recipients }: EncryptedMessage, openpgp: OpenPgp): readonly SecretPacket[] {
  return key
    .getKeys()
    .filter((part) => recipients.includes(idOf(part)) || recipients.includes(''))
    .map(({ keyPacket }) => keyPacket)
    .filter((packet) => packet instanceof openpgp.SecretKeyPacket || packet instanceof openpgp.SecretSubkeyPacket)
    .filter((packet) => !packet.isMissingSecretKeyMaterial())
}

interface Task {
  readonly message: EncryptedMessage
  readonly workshop: Workshop
  readonly host: Host
}

/** A text says why it did not work. */
async function decryptWith(
  { key, text }: HeldKey,
  parts: readonly SecretPacket[],
  { message, workshop, host }: Task,
): Promise<Uint8Array | string> {
  const name = `the PGP key ${key.getFingerprint().toUpperCase()} (${text.location})`
  // A message that does not name its recipient must not make us ask for one passphrase after another; and what stands in
  // an old keyring of gpg, gpg's agent can ask for.
  const mayAsk = !text.fromKeyring && !message.recipients.includes('')
  for (const part of parts) {
    const fault = await unlock(part, name, host, mayAsk)
    if (fault !== undefined) return fault
  }
  try {
    if (!key.isPrivate()) return `${name} is no secret key`
    const { openpgp, config } = workshop
    const read = await openpgp.readMessage({ binaryMessage: message.bytes, config })
    const opened: { readonly data: unknown } = await openpgp.decrypt({
      message: read,
      decryptionKeys: key,
      format: 'binary',
      config,
    })
    if (opened.data instanceof Uint8Array) return opened.data
    return `${name} gave no bytes`
  } catch {
    return `reading PGP message failed: it could not be decrypted with ${name}`
  }
}

const maxListed = 5

function notHeld({ recipients }: EncryptedMessage, message: string, held: readonly HeldKey[]): Failure {
  const wanted = recipients.slice(0, maxListed).map((id) => (id === '' ? 'a recipient that it does not name' : id))
  const found = held
    .slice(0, maxListed)
    .map(({ key, text }) => `${key.getFingerprint().toUpperCase()} (${text.location})`)
  const present = found.length === 0 ? 'None was found' : `Found were ${found.join(', ')}`
  const hint = `The secret key for ${wanted.join(', ')} is wanted. ${present}: import it into gpg, or put it armored into TSOPS_PGP_KEY or a file that TSOPS_PGP_KEY_FILE names.`
  return { reason: 'no-credential', message, hint }
}

function idOf(part: Pick<Key, 'getKeyID'>): string {
  return part.getKeyID().toHex().toUpperCase()
}
