// Credentials are asked for once, and again five minutes before they expire.
import type { CredentialSource } from './credentials.ts'
import type { Credentials } from './failure.ts'

const margin = 5 * 60_000

/** A source for many requests at a time. A failure is not kept. */
export function keptCredentials(source: CredentialSource): CredentialSource {
  let kept: Promise<Credentials> | undefined
  const renewed = (): Promise<Credentials> => {
    const asked = source()
    kept = asked
    asked.catch(() => {
      if (kept === asked) kept = undefined
    })
    return asked
  }
  return async () => {
    const used = kept
    if (used === undefined) return renewed()
    const credentials = await used
    if (!isStale(credentials)) return credentials
    return kept === used || kept === undefined ? renewed() : kept
  }
}

function isStale({ expiration }: Credentials): boolean {
  return expiration !== undefined && expiration.getTime() - Date.now() < margin
}
