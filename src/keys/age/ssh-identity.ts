// The user's SSH key as an age identity. One with a passphrase asks for it only when a file is addressed to it.
import type { Identity } from 'age-encryption'
import type { Host } from '../../host.ts'
import type { AgeIdentity } from './identities.ts'
import { IdentityFailure } from './identity-failure.ts'
import { askPassphrase } from './passphrase.ts'
import { parsePrivateKey, WrongPassphrase, type LockedSshKey } from './ssh-private-key.ts'
import { emitPublicLine, parsePublicLine, type SshPublicKey } from './ssh-public-key.ts'
import { isAddressed, sshIdentity, sshRecipient } from './ssh-stanzas.ts'

export interface SshKeySource {
  /** Where the key comes from, for errors and for the question. */
  readonly location: string
  /** The public key beside the private one; undefined when there is none to look for. */
  readonly readPublicKey: (() => Promise<Uint8Array>) | undefined
}

/** Throws Error with sops' account of what is wrong. */
export async function parseSshIdentity(file: Uint8Array, source: SshKeySource, host: Host): Promise<AgeIdentity> {
  const key = parsePrivateKey(file)
  if (!('unlock' in key)) return { identity: sshIdentity(key), recipient: emitPublicLine(key.publicKey) }
  if (source.readPublicKey === undefined) throw new Error('it is password protected, which is unsupported')
  const publicKey = key.publicKey ?? (await readPublicKey(source.readPublicKey))
  // A key that no file can be addressed to is refused now, not when it is needed.
  sshRecipient(publicKey)
  return {
    identity: lockedIdentity(key, publicKey, source.location, host),
    recipient: emitPublicLine(publicKey),
    asks: true,
  }
}

async function readPublicKey(read: () => Promise<Uint8Array>): Promise<SshPublicKey> {
  const missing = 'the key has a passphrase and its format does not show the public key'
  let file: Uint8Array
  try {
    file = await read()
  } catch (cause) {
    throw new Error(`${missing}; the .pub file beside it cannot be read`, { cause })
  }
  const lines = Buffer.from(file).toString('utf8').split(/\r?\n/)
  const line = lines.find((text) => text.trim() !== '' && !text.startsWith('#')) ?? ''
  try {
    return parsePublicLine(line)
  } catch (cause) {
    throw new Error(`${missing}; the .pub file beside it holds no public key`, { cause })
  }
}

function lockedIdentity(locked: LockedSshKey, publicKey: SshPublicKey, location: string, host: Host): Identity {
  let unlocking: Promise<Identity> | undefined
  return {
    async unwrapFileKey(stanzas) {
      if (!isAddressed(stanzas, publicKey)) return null
      unlocking ??= unlock(locked, publicKey, location, host)
      return (await unlocking).unwrapFileKey(stanzas)
    },
  }
}

async function unlock(locked: LockedSshKey, publicKey: SshPublicKey, location: string, host: Host): Promise<Identity> {
  const passphrase = await askPassphrase(host, `Enter passphrase for ${JSON.stringify(location)}:`)
  try {
    const key = locked.unlock(passphrase)
    if (!Buffer.from(key.publicKey.blob).equals(publicKey.blob))
      throw new Error('mismatched private and public SSH key')
    return sshIdentity(key)
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown'
    const message = `failed to decrypt SSH key file ${JSON.stringify(location)}: ${reason}`
    throw new IdentityFailure(error instanceof WrongPassphrase ? 'denied' : 'malformed', message)
  }
}
