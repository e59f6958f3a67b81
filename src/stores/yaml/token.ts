import type { Style } from './syntax.ts'

export type TokenType =
  | 'stream-start'
  | 'stream-end'
  | 'version-directive'
  | 'tag-directive'
  | 'document-start'
  | 'document-end'
  | 'block-sequence-start'
  | 'block-mapping-start'
  | 'block-end'
  | 'flow-sequence-start'
  | 'flow-sequence-end'
  | 'flow-mapping-start'
  | 'flow-mapping-end'
  | 'block-entry'
  | 'flow-entry'
  | 'key'
  | 'value'
  | 'alias'
  | 'anchor'
  | 'tag'
  | 'scalar'

/** What only a scalar has. */
export interface ScalarLayout {
  readonly style: Style
  /** Block scalars: what follows `|` or `>`, and the column of the text. */
  readonly header: string
  readonly bodyColumn: number
}

export interface Token {
  readonly type: TokenType
  readonly start: number
  readonly end: number
  /** Line and column of `start`, from 0. */
  readonly line: number
  readonly column: number
  /** Scalars: the text they stand for. Anchors and aliases: the name. Tags and %TAG: the handle. %YAML: the version. */
  readonly value: string
  /** Tags: what follows the handle. %TAG: the prefix. */
  readonly suffix: string
  readonly scalar: ScalarLayout | undefined
}
