// Fingerprints as sops keeps them: as given, without white space. A trailing ! asks for exactly that key or subkey.
import { ConfigError } from '../../errors.ts'

// 16: a long key ID, which gpg alone can look up. gpg would take other lengths for a part of somebody's name.
const pattern = /^(?:0x)?([\dA-F]{16}|[\dA-F]{40}|[\dA-F]{64})(!?)$/i

/** @throws ConfigError when it is none; the text is not shown, as it may be anything */
export function parseFingerprint(text: string): string {
  const fingerprint = text.replace(/\s/g, '')
  if (pattern.test(fingerprint)) return fingerprint
  const problem = fingerprint === '' ? 'it is empty' : `it has ${fingerprint.length} characters`
  throw new ConfigError(`failed to parse input: not a PGP fingerprint: ${problem}`, undefined, {
    hint: 'A fingerprint has 40 hexadecimal digits; gpg --list-keys shows it. A ! at its end asks for that subkey.',
  })
}

export interface Fingerprint {
  /** In small digits. */
  readonly hex: string
  /** Whether this very key must be used, and no other of its owner. */
  readonly forced: boolean
}

/** undefined: the text is no fingerprint. */
export function readFingerprint(text: string): Fingerprint | undefined {
  const match = pattern.exec(text)
  return match === null ? undefined : { hex: (match[1] ?? '').toLowerCase(), forced: match[2] === '!' }
}
