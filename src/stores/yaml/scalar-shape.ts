// What sops' emitter asks of a string before it picks a style (go-yaml 3.0.4, unlimited width, Unicode allowed).

export interface ScalarShape {
  readonly blockPlain: boolean
  readonly flowPlain: boolean
  readonly single: boolean
  readonly block: boolean
}

/** Spares most strings the questions below. A repeated group must not meet a long text: its stack is finite. */
const longestOrdinary = 1000
const ordinary = /^[\w/][\w/.@+=-]*(?: [\w/.@+=-]+)*$/
const breaks = '\\n\\r\\x85\\u2028\\u2029'
const blockIndicator = new RegExp(
  `^(?:---|\\.\\.\\.)|^[#,[\\]{}&*!|>'"%@\`]|^[?:-](?:[ \\t]|$)|:(?:[ \\t]|$)|[ \\t\\0${breaks}]#`,
)
const flowIndicator = /[,?[\]{}:]/
/** Surrogates count: to this emitter nothing beyond U+FFFF is printable. */
const unprintable = /[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/
const lineBreak = new RegExp(`[${breaks}]`)
const edgeBlank = new RegExp(`^[ ${breaks}]|[ ${breaks}]$`)
const breakThenSpace = new RegExp(`[${breaks}] `)
const spaceThenBreak = new RegExp(` [${breaks}]`)

const allowed: ScalarShape = { blockPlain: true, flowPlain: true, single: true, block: true }

export function shapeOf(value: string): ScalarShape {
  if (value.length <= longestOrdinary && ordinary.test(value)) return allowed
  const broken = lineBreak.test(value)
  const spaceBeforeBreak = broken && spaceThenBreak.test(value)
  const special = unprintable.test(value)
  const single = !special && !spaceBeforeBreak && !value.includes('\t') && !(broken && breakThenSpace.test(value))
  const blockPlain = single && !broken && !edgeBlank.test(value) && !blockIndicator.test(value)
  return {
    blockPlain,
    flowPlain: blockPlain && !flowIndicator.test(value),
    single,
    block: !special && !spaceBeforeBreak && !value.endsWith(' '),
  }
}

/** Whether YAML 1.1 sees more than one line: such a key needs a `?`. */
export function hasLineBreak(value: string): boolean {
  return lineBreak.test(value)
}
