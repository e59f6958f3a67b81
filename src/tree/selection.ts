// Which leaves are encrypted, as sops' shouldBeEncrypted decides (sops.go, 3.13.3): RE2 patterns, unanchored, tried on
// each mapping key of the path; a matching ancestor decides its whole subtree. Unlike sops, a bad pattern is an error.
import { ConfigError } from '../errors.ts'
import type { Selection } from './types.ts'

type Test = (text: string) => boolean

/** Follows a walk through one document and answers for each leaf. */
export interface Selector {
  /** A map or list opens: under `key` when it is a map's value, undefined for a list's element. */
  enter(key: string | undefined): void
  leave(): void
  /** A comment comes next; it is active until `settle`. */
  see(comment: string): void
  /** A value that is no comment was passed. */
  settle(): void
  /** Whether the leaf under `key` (undefined: a comment or a list's element) is encrypted. */
  selects(key: string | undefined, isComment: boolean): boolean
  /** The same for a comment that the tree does not hold. */
  selectsDropped(path: readonly string[], comment: string): boolean
  /** unencrypted_comment_regex only: an encrypted comment that matches again could not be decrypted. */
  matchesComment(text: string): boolean
}

/** Throws ConfigError when the pattern does not compile. */
export async function compileSelection(selection: Selection): Promise<() => Selector> {
  switch (selection.by) {
    case 'none':
      return () => new KeySelector(() => false, false)
    case 'unencrypted_suffix':
    case 'encrypted_suffix': {
      const test = (key: string): boolean => key.endsWith(selection.suffix)
      return () => new KeySelector(test, selection.by === 'encrypted_suffix')
    }
    default: {
      const test = await compilePattern(selection.pattern, selection.by)
      if (selection.by === 'unencrypted_regex' || selection.by === 'encrypted_regex') {
        return () => new KeySelector(test, selection.by === 'encrypted_regex')
      }
      return () => new CommentSelector(test, selection.by === 'encrypted_comment_regex')
    }
  }
}

// A few words between anchors mean the same to RE2 and to JavaScript, which has its own ready.
const plainPattern = /^\^?(?:\((?:[\w-]+\|)*[\w-]+\)|(?:[\w-]+\|)*[\w-]+)\$?$/

/** An RE2 pattern as Go's regexp takes it. `name` says in the error where the pattern came from. */
export async function compilePattern(pattern: string, name: string): Promise<Test> {
  if (plainPattern.test(pattern)) {
    const words = new RegExp(pattern)
    return (text) => words.test(text)
  }
  const { RE2JS } = await import('re2js')
  try {
    const compiled = RE2JS.compile(pattern)
    return (text) => compiled.matcher(text).find()
  } catch (cause) {
    throw new ConfigError(`${name}: the pattern does not compile`, undefined, {
      cause,
      hint: 'Patterns are RE2 (https://github.com/google/re2/wiki/Syntax): no look-around, no back-references.',
    })
  }
}

class KeySelector implements Selector {
  readonly #test: Test
  readonly #encryptsMatches: boolean
  readonly #hits: boolean[] = []
  readonly #known = new Map<string, boolean>()

  constructor(test: Test, encryptsMatches: boolean) {
    this.#test = test
    this.#encryptsMatches = encryptsMatches
  }

  enter(key: string | undefined): void {
    this.#hits.push(this.#hit(key))
  }

  leave(): void {
    this.#hits.pop()
  }

  see(): void {
    /* comments decide nothing here */
  }

  settle(): void {
    /* comments decide nothing here */
  }

  selects(key: string | undefined): boolean {
    return this.#hit(key) === this.#encryptsMatches
  }

  selectsDropped(path: readonly string[]): boolean {
    return path.some((key) => this.#matches(key)) === this.#encryptsMatches
  }

  matchesComment(): boolean {
    return false
  }

  #hit(key: string | undefined): boolean {
    const inherited = this.#hits.at(-1) ?? false
    return inherited || (key !== undefined && this.#matches(key))
  }

  // The same few key names recur through a file; a long list of distinct ones must not be kept.
  #matches(key: string): boolean {
    let known = this.#known.get(key)
    if (known === undefined) {
      known = this.#test(key)
      if (this.#known.size < 1000) this.#known.set(key, known)
    }
    return known
  }
}

interface CommentFrame {
  readonly outer: boolean
  matches: number
  lastMatches: boolean
}

class CommentSelector implements Selector {
  readonly #test: Test
  readonly #encryptsMatches: boolean
  readonly #frames: CommentFrame[] = []

  constructor(test: Test, encryptsMatches: boolean) {
    this.#test = test
    this.#encryptsMatches = encryptsMatches
  }

  enter(): void {
    const top = this.#frames.at(-1)
    this.#frames.push({ outer: top !== undefined && (top.outer || top.matches > 0), matches: 0, lastMatches: false })
  }

  leave(): void {
    this.#frames.pop()
  }

  see(comment: string): void {
    const top = this.#top()
    top.lastMatches = this.#test(comment)
    if (top.lastMatches) top.matches++
  }

  settle(): void {
    const top = this.#top()
    top.matches = 0
    top.lastMatches = false
  }

  // Under encrypted_comment_regex the comment that triggers stays readable; the ones after it do not.
  selects(_key: string | undefined, isComment: boolean): boolean {
    const top = this.#top()
    if (!this.#encryptsMatches) return !top.outer && top.matches === 0
    const own = isComment && top.lastMatches ? 1 : 0
    return top.outer || top.matches > own
  }

  selectsDropped(_path: readonly string[], comment: string): boolean {
    return !this.#encryptsMatches && !this.#test(comment)
  }

  matchesComment(text: string): boolean {
    return !this.#encryptsMatches && this.#test(text)
  }

  #top(): CommentFrame {
    const top = this.#frames.at(-1)
    if (top === undefined) throw new Error('a selector is asked outside a document')
    return top
  }
}
