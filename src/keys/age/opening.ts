// How an age file that holds a data key is opened: first with the identities that open it in silence, then with those that
// start a program or ask the user, at last with those that must be unlocked for every file.
import type { KeyFailureReason } from '../../errors.ts'
import { decodeArmor } from './armor.ts'
import { decryptFile, NoMatch } from './file.ts'
import type { AgeIdentity, OpenIdentity } from './identities.ts'
import { IdentityFailure } from './identity-failure.ts'
import { LockedIdentities } from './locked-identities.ts'

export interface Unopened {
  readonly reason: KeyFailureReason
  readonly message: string
  readonly hint?: string | undefined
}

// Many times what the largest recipient takes; a text without end must not be decoded.
const maxFileLength = 1 << 20

/** `recipient` is the one for whom the file should be. */
export async function openDataKey(
  armored: string,
  identities: readonly AgeIdentity[],
  recipient: string,
): Promise<Uint8Array | Unopened> {
  if (armored.length > maxFileLength) return { reason: 'malformed', message: 'the age file is too large' }
  const ready = identities.filter(isOpen)
  const locked = identities.flatMap(({ identity }) => (identity instanceof LockedIdentities ? [identity] : []))
  try {
    const file = decodeArmor(armored)
    const attempts = [() => Promise.resolve(sortLikely(ready, recipient)), ...locked.map((file) => () => file.unlock())]
    return await openWith(file, attempts, identities.length)
  } catch {
    // The library's error is not passed on: it quotes what it could not read.
    return { reason: 'malformed', message: 'the age file is damaged' }
  }
}

function isOpen(identity: AgeIdentity): identity is OpenIdentity {
  return !(identity.identity instanceof LockedIdentities)
}

function sortLikely(identities: readonly OpenIdentity[], wanted: string): OpenIdentity[] {
  const isFor = ({ recipient }: OpenIdentity): boolean =>
    recipient !== undefined && (wanted === recipient || wanted.startsWith(`${recipient} `))
  const cost = (identity: OpenIdentity): number => (identity.asks === true ? 2 : 0) - Number(isFor(identity))
  return identities.toSorted((a, b) => cost(a) - cost(b))
}

async function openWith(
  file: Uint8Array,
  attempts: readonly (() => Promise<readonly OpenIdentity[]>)[],
  count: number,
): Promise<Uint8Array | Unopened> {
  const failures: IdentityFailure[] = []
  for (const attempt of attempts) {
    try {
      const identities = await attempt()
      return await decryptFile(
        file,
        identities.map(({ identity }) => identity),
      )
    } catch (error) {
      if (error instanceof NoMatch) failures.push(...error.failures)
      else if (error instanceof IdentityFailure) failures.push(error)
      else throw error
    }
  }
  return failures[0] ?? { reason: 'no-credential', message: noMatch(count) }
}

function noMatch(count: number): string {
  if (count > 1) return 'no identity matched any of the recipients'
  return 'identity did not match any of the recipients: incorrect identity for recipient block'
}
