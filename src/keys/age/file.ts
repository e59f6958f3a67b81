// An age file in memory, opened with identities of any kind.
import type { Identity, Stanza } from 'age-encryption'
import { hasNativeCipher } from './file-key.ts'
import { checkHeader, parseHeader } from './header.ts'
import { IdentityFailure } from './identity-failure.ts'
import { decryptPayload } from './payload.ts'

/** None of the identities opens the file. `failures`: identities that might have, but could not be used. */
export class NoMatch extends Error {
  readonly failures: readonly IdentityFailure[]
  constructor(failures: readonly IdentityFailure[]) {
    super('no identity matched any of the recipients')
    this.failures = failures
  }
}

/** What the file holds. The identities are asked in their order. Throws NoMatch, or Error when the file is damaged. */
export async function decryptFile(file: Uint8Array, identities: readonly (string | Identity)[]): Promise<Uint8Array> {
  const own = identities.filter((identity) => typeof identity !== 'string')
  return own.length === identities.length && hasNativeCipher
    ? decryptWith(file, own)
    : decryptByLibrary(file, identities)
}

// Over OpenSSL, without the library, whose loading takes longer than all else.
async function decryptWith(file: Uint8Array, identities: readonly Identity[]): Promise<Uint8Array> {
  const header = parseHeader(file)
  checkStanzas(header.stanzas)
  const failures: IdentityFailure[] = []
  for (const identity of identities) {
    const fileKey = await forgiving(identity, failures).unwrapFileKey(header.stanzas)
    if (fileKey === null) continue
    checkHeader(header, fileKey)
    return decryptPayload(file.subarray(header.size), fileKey)
  }
  throw new NoMatch(failures)
}

async function decryptByLibrary(file: Uint8Array, identities: readonly (string | Identity)[]): Promise<Uint8Array> {
  const { Decrypter } = await import('age-encryption')
  const decrypter = new Decrypter()
  const failures: IdentityFailure[] = []
  decrypter.addIdentity({ unwrapFileKey: checkStanzas })
  for (const identity of identities) {
    decrypter.addIdentity(typeof identity === 'string' ? identity : forgiving(identity, failures))
  }
  const last = new LastIdentity()
  decrypter.addIdentity(last)
  try {
    return await decrypter.decrypt(file)
  } catch (error) {
    throw last.asked ? new NoMatch(failures) : error
  }
}

/** Whether a file is an age file, armored or not, going by how it begins. */
export function looksEncrypted(file: Uint8Array): boolean {
  const start = Buffer.from(file.subarray(0, 14)).toString('latin1')
  return start === 'age-encryption' || start === armorStart
}

export const armorStart = '-----BEGIN AGE'

// An scrypt stanza beside others would let whoever knows the passphrase pass for somebody else.
function checkStanzas(stanzas: readonly Stanza[]): null {
  if (stanzas.length > 1 && stanzas.some(({ args }) => args[0] === 'scrypt')) {
    throw new Error('an scrypt recipient must be the only one')
  }
  return null
}

function forgiving(identity: Identity, failures: IdentityFailure[]): Identity {
  return {
    async unwrapFileKey(stanzas) {
      try {
        return await identity.unwrapFileKey(stanzas)
      } catch (error) {
        if (!(error instanceof IdentityFailure)) throw error
        failures.push(error)
        return null
      }
    },
  }
}

/** Opens nothing. It is asked only when all others have declined. */
class LastIdentity implements Identity {
  asked = false

  unwrapFileKey(): null {
    this.asked = true
    return null
  }
}
