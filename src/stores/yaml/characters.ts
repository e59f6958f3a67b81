// Character classes of YAML 1.1 as libyaml draws them. NUL stands for the end of input: a NUL in the text itself is refused.

export function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

/** LF, CR, NEL, LS or PS. */
export function isBreak(code: number): boolean {
  return code === 0x0a || code === 0x0d || code === 0x85 || code === 0x2028 || code === 0x2029
}

export function isBreakOrEnd(code: number): boolean {
  return code === 0 || isBreak(code)
}

export function isBlankOrEnd(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0 || isBreak(code)
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

/** A character of an anchor, an alias, a tag handle or a directive's name. */
export function isWord(code: number): boolean {
  return (
    isDigit(code) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a) || code === 0x5f || code === 0x2d
  )
}

/** `,` `?` `[` `]` `{` `}`: what ends a plain scalar inside a flow collection. */
export function isFlowIndicator(code: number): boolean {
  return code === 0x2c || code === 0x3f || code === 0x5b || code === 0x5d || code === 0x7b || code === 0x7d
}
