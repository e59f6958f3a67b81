// Unlocking secret keys: TSOPS_PGP_PASSPHRASE, else the terminal, three times at most as in sops. Each key is unlocked once
// for all files of a run, and one that stayed locked is not asked for again.
import type { SecretKeyPacket, SecretSubkeyPacket } from 'openpgp'
import type { Host } from '../../host.ts'

export type SecretPacket = SecretKeyPacket | SecretSubkeyPacket

const maxQuestions = 3

const unlocked = new WeakMap<SecretPacket, Promise<string | undefined>>()

/** Gives the reason why the key stays locked. `mayAsk`: at the terminal. */
export function unlock(packet: SecretPacket, name: string, host: Host, mayAsk: boolean): Promise<string | undefined> {
  const known = unlocked.get(packet)
  if (known !== undefined) return known
  if (packet.isDecrypted()) return Promise.resolve(undefined)
  const passphrase = host.env('TSOPS_PGP_PASSPHRASE') ?? ''
  if (passphrase === '' && (host.prompt === undefined || !mayAsk)) {
    return Promise.resolve(`${name} is protected by a passphrase, and TSOPS_PGP_PASSPHRASE is not set`)
  }
  const opening = passphrase === '' ? askFor(packet, name, host) : openWith(packet, name, passphrase)
  unlocked.set(packet, opening)
  return opening
}

async function openWith(packet: SecretPacket, name: string, passphrase: string): Promise<string | undefined> {
  if (await opens(packet, passphrase)) return undefined
  return `the passphrase in TSOPS_PGP_PASSPHRASE does not open ${name}`
}

async function askFor(packet: SecretPacket, name: string, host: Host): Promise<string | undefined> {
  for (let question = 0; question < maxQuestions; question++) {
    let passphrase: string | undefined
    try {
      passphrase = await host.prompt?.(`Enter the passphrase of ${name}: `, { secret: true })
    } catch {
      return `${name} is protected by a passphrase, which could not be asked for: TSOPS_PGP_PASSPHRASE is not set`
    }
    if (passphrase !== undefined && (await opens(packet, passphrase))) return undefined
  }
  return `the passphrase that was given does not open ${name}`
}

// A secret part that does not belong to its public part would give away what is signed or decrypted with it.
async function opens(packet: SecretPacket, passphrase: string): Promise<boolean> {
  try {
    await packet.decrypt(passphrase)
    await packet.validate()
    return true
  } catch {
    return false
  }
}
