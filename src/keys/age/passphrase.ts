// Passphrases that only a person at the terminal can give.
import type { Host } from '../../host.ts'
import { IdentityFailure } from './identity-failure.ts'

/** Throws IdentityFailure when there is nobody to ask. */
export async function askPassphrase(host: Host, question: string): Promise<string> {
  const hint = 'Run it in a terminal, or give a key without a passphrase.'
  if (host.prompt === undefined) {
    throw new IdentityFailure('no-credential', 'could not read passphrase: there is no terminal', hint)
  }
  try {
    return await host.prompt(question, { secret: true })
  } catch (error) {
    // The host's own reason: an answer is never in it.
    const reason = error instanceof Error ? error.message : 'unknown'
    throw new IdentityFailure('no-credential', `could not read passphrase: ${reason}`, hint)
  }
}
