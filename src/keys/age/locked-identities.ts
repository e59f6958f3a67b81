// Identity files that are age files themselves, under a passphrase. It is asked for once, when nothing else opens a file.
import type { Host } from '../../host.ts'
import { decodeArmor } from './armor.ts'
import { armorStart, decryptFile, NoMatch } from './file.ts'
import type { OpenIdentity } from './identities.ts'
import { IdentityFailure } from './identity-failure.ts'
import { askPassphrase } from './passphrase.ts'
import { ScryptIdentity } from './scrypt.ts'

// age's limit.
const maxFileLength = 1 << 24

export interface LockedFile {
  readonly bytes: Uint8Array
  readonly location: string
  /** Reads what is in it. Throws Error. */
  readonly parse: (bytes: Uint8Array) => readonly OpenIdentity[]
}

export class LockedIdentities {
  readonly #file: LockedFile
  readonly #host: Host
  #opening: Promise<readonly OpenIdentity[]> | undefined

  /** Throws Error when the file is too long. */
  constructor(file: LockedFile, host: Host) {
    if (file.bytes.length >= maxFileLength) throw new Error(`failed to read '${file.location}': file too long`)
    this.#file = file
    this.#host = host
  }

  /** Throws IdentityFailure. */
  unlock(): Promise<readonly OpenIdentity[]> {
    this.#opening ??= open(this.#file, this.#host)
    return this.#opening
  }
}

async function open({ bytes, location, parse }: LockedFile, host: Host): Promise<readonly OpenIdentity[]> {
  const fail = (reason: 'denied' | 'malformed', text: string): IdentityFailure =>
    new IdentityFailure(reason, `failed to decrypt identity file '${location}': ${text}`)
  const parseIn = (plain: Uint8Array): readonly OpenIdentity[] => {
    const identities = parse(plain)
    if (identities.length > 0) return identities
    throw fail('malformed', 'no identities found')
  }
  const scrypt = new ScryptIdentity(() => askPassphrase(host, `Enter passphrase for identity '${location}':`))
  try {
    const plain = await decryptFile(readFile(bytes), [scrypt])
    const identities = parseIn(plain)
    plain.fill(0)
    return identities
  } catch (error) {
    if (error instanceof IdentityFailure) throw error
    if (!(error instanceof NoMatch)) throw fail('malformed', 'it is damaged, or no file that a passphrase opens')
    throw error.failures[0] ?? fail('denied', 'incorrect passphrase')
  }
}

function readFile(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes)
  return text.toString('latin1', 0, armorStart.length) === armorStart ? decodeArmor(text.toString('latin1')) : bytes
}
