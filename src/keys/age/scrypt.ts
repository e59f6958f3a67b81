// age's scrypt stanza: a file that a passphrase opens. It is never written here.
import type { Identity, Stanza } from 'age-encryption'
import { scrypt } from 'node:crypto'
import { decodeArgument, checkBody, openFileKey } from './file-key.ts'

const label = Buffer.from('age-encryption.org/v1/scrypt')
const saltLength = 16
// age's limit: 4 GiB and some ten seconds.
const maxWorkFactor = 22

/** Asks for the passphrase only when the file is one that a passphrase opens. */
export class ScryptIdentity implements Identity {
  readonly #ask: () => Promise<string>

  constructor(ask: () => Promise<string>) {
    this.#ask = ask
  }

  /** null: the passphrase is wrong, or the file is for others. Throws when the stanza is malformed. */
  async unwrapFileKey(stanzas: Stanza[]): Promise<Uint8Array | null> {
    const stanza = stanzas.find(({ args }) => args[0] === 'scrypt')
    if (stanza === undefined) return null
    if (stanzas.length !== 1) throw new Error('an scrypt recipient must be the only one')
    const { salt, workFactor } = readArguments(stanza.args)
    checkBody(stanza.body)
    const key = await deriveKey(await this.#ask(), Buffer.concat([label, salt]), workFactor)
    return openFileKey(key, stanza.body)
  }
}

function readArguments(args: readonly string[]): { readonly salt: Uint8Array; readonly workFactor: number } {
  const [, saltText = '', workText = ''] = args
  const salt = decodeArgument(saltText, saltLength)
  if (args.length !== 3 || salt === undefined || !/^[1-9]\d*$/.test(workText)) {
    throw new Error('invalid scrypt recipient block')
  }
  const workFactor = Number(workText)
  if (workFactor > maxWorkFactor) throw new Error('scrypt work factor too large')
  return { salt, workFactor }
}

function deriveKey(passphrase: string, salt: Uint8Array, workFactor: number): Promise<Uint8Array> {
  const cost = 2 ** workFactor
  const options = { cost, blockSize: 8, parallelization: 1, maxmem: 1024 * cost + (1 << 20) }
  return new Promise((resolve, reject) => {
    scrypt(passphrase, salt, 32, options, (error, key) => {
      if (error === null) resolve(key)
      else reject(new Error('there is not enough memory for the work factor', { cause: error }))
    })
  })
}
