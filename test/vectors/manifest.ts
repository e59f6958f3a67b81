// The vectors in test/vectors/files: what sops 3.13.3 wrote (and what was then changed by hand), with what must come out.
// make/files.ts makes them anew.

export interface GoodVector {
  readonly name: string
  readonly format: string
  readonly outputFormat?: string
  /** The file in test/vectors/files. */
  readonly file: string
  /** What decryption must give, byte for byte. */
  readonly plain: string
  /** Names from test/test-keys.ts. */
  readonly keys: readonly KeyName[]
  readonly ignoreMac?: boolean
}

export interface BadVector {
  readonly name: string
  readonly format: string
  readonly file: string
  readonly keys: readonly KeyName[]
  /** The code of the error. */
  readonly code: string
  /** With which status sops ends; undefined where it accepts what we refuse. */
  readonly sopsStatus?: number
}

export type KeyName = 'alice' | 'bob' | 'carol' | 'quantum'

export interface Manifest {
  readonly good: readonly GoodVector[]
  readonly bad: readonly BadVector[]
}
