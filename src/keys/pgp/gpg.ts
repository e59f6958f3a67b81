// The gpg binary, called as sops calls it (pgp/keysource.go, 3.13.3): its agent, its smart cards and its trust in keys are
// the user's own. Arguments never pass a shell, and only what has been checked to be a fingerprint becomes one.
import { RunError, type Host } from '../../host.ts'
import type { KeyFailureReason } from '../../errors.ts'
import type { Attempt, Failure } from './attempt.ts'
import { readFingerprint } from './fingerprint.ts'
import { readMessage, type EncryptedMessage } from './message.ts'

/** Gives the armored message. */
export async function encryptWithGpg(fingerprint: string, dataKey: Uint8Array, host: Host): Promise<Attempt<string>> {
  if (readFingerprint(fingerprint) === undefined) {
    return { reason: 'malformed', message: 'gpg was not started: this is no fingerprint' }
  }
  const args = [
    ...['--no-default-recipient', '--yes', '--encrypt', '-a', '-r', fingerprint],
    ...['--trusted-key', longKeyId(fingerprint), '--no-encrypt-to'],
  ]
  const output = await runGpg(host, args, dataKey, 'failed to encrypt sops data key with pgp')
  if (!('value' in output)) return output
  const armored = new TextDecoder().decode(output.value).trim()
  const fault = readMessage(armored)
  if (typeof fault !== 'string') return { value: armored }
  return { reason: 'malformed', message: `failed to encrypt sops data key with pgp: ${fault}` }
}

/** Gives what the message holds. */
export async function decryptWithGpg(
  armored: string,
  message: EncryptedMessage,
  host: Host,
): Promise<Attempt<Uint8Array>> {
  const purpose = 'failed to decrypt sops data key with pgp'
  const stdin = new TextEncoder().encode(armored)
  const output = await inTurn(host, () => runGpg(host, ['-d'], stdin, purpose))
  if (!('value' in output)) return message.isGnupgAuthenticated ? { ...output, hint: adviceOnVersion } : output
  if (output.value.length > 0) return output
  // Some versions pass over the packet that they do not know, and succeed with nothing.
  const hint = message.isGnupgAuthenticated ? { hint: adviceOnVersion } : {}
  return { reason: 'malformed', message: `${purpose}: zero bytes returned`, ...hint }
}

const adviceOnVersion =
  'The message was made by GnuPG 2.3 or later with its own authenticated encryption (OCB), which this gpg may not know: use a newer gpg, or give the secret key in TSOPS_PGP_KEY.'

const turns = new WeakMap<Host, Promise<unknown>>()

// One after the other: under many at a time the agent runs out of its locked memory, which gpg reports as a missing secret
// key, and it asks for one passphrase several times.
function inTurn<T>(host: Host, work: () => Promise<T>): Promise<T> {
  const turn = (turns.get(host) ?? Promise.resolve()).then(work)
  turns.set(
    host,
    turn.catch(() => undefined),
  )
  return turn
}

// The ! stays, as gpg must trust the very subkey.
function longKeyId(fingerprint: string): string {
  return fingerprint.slice(fingerprint.endsWith('!') ? -17 : -16)
}

async function runGpg(
  host: Host,
  args: readonly string[],
  stdin: Uint8Array,
  purpose: string,
): Promise<Attempt<Uint8Array>> {
  const named = host.env('SOPS_GPG_EXEC') ?? ''
  const file = named === '' ? 'gpg' : named
  try {
    return { value: await host.run(file, args, { stdin, keepStderr: true }) }
  } catch (error) {
    if (error instanceof RunError) return describeRun(error, purpose)
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    const message = missing ? `${JSON.stringify(file)} was not found` : `${JSON.stringify(file)} could not be run`
    return { reason: 'not-installed', message: `${purpose}: ${message}` }
  }
}

function describeRun(error: RunError, purpose: string): Failure {
  const lines = reportOf(error.stderr)
  const reason = reasons.find(([pattern]) => pattern.test(`${lines}\n${error.message}`))?.[1] ?? 'denied'
  return { reason, message: `${purpose}: ${lines === '' ? error.message : lines}` }
}

const maxReport = 4000

// gpg's own lines and the names of keys below them. What else a program writes that stands in gpg's place may be anything.
function reportOf(stderr: string): string {
  const lines = stderr.split(/\r?\n/).filter((line) => /^(?:gpg\S*: |\s+")/.test(line))
  return lines.join('\n').trim().slice(0, maxReport)
}

const reasons: readonly (readonly [RegExp, KeyFailureReason])[] = [
  [/bad passphrase|cancell?ed|no passphrase|pinentry|ioctl|timeout|agent/i, 'denied'],
  [/no secret key|no public key|not found|no data available|card/i, 'no-credential'],
  [/manipulated|integrity|invalid|bad |crc error|no valid openpgp|unknown packet|checksum|too much/i, 'malformed'],
]
