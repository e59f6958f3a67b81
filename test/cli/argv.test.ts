import { describe, expect, test } from 'vitest'
import { type Flag, type FlagOrder, parseArguments, UsageError } from '../../src/cli/argv.ts'

const flags: readonly Flag[] = [
  { names: ['in-place', 'i'], kind: 'bool', help: '' },
  { names: ['local'], kind: 'bool', help: '', on: true, env: 'LOCAL' },
  { names: ['output'], kind: 'string', help: '', env: 'OUTPUT' },
  { names: ['number'], kind: 'integer', help: '' },
  { names: ['each'], kind: 'list', help: '', env: 'EACH' },
]

const parse = (
  args: readonly string[],
  order: FlagOrder = 'sops',
  env: Readonly<Record<string, string>> = {},
): ReturnType<typeof parseArguments> => parseArguments(flags, args, env, order)

const messageOf = (args: readonly string[], env: Readonly<Record<string, string>> = {}): string => {
  try {
    parse(args, 'sops', env)
  } catch (error) {
    if (error instanceof UsageError) return `${error.kind}: ${error.message}`
    throw error
  }
  return ''
}

describe('spelling', () => {
  test.for([
    [['-output', 'x'], 'x'],
    [['--output', 'x'], 'x'],
    [['-output=x'], 'x'],
    [['--output=x=y'], 'x=y'],
    [['--output='], ''],
    [['--output', '-i'], '-i'],
    [['--output', 'x', '--output', 'y'], 'y'],
  ] as const)('%j gives %j', ([args, value]) => {
    expect(parse(args).flags.text('output')).toBe(value)
  })

  test.for([
    ['-i', true],
    ['--i', true],
    ['--in-place', true],
    ['-i=T', true],
    ['-i=0', false],
    ['--in-place=False', false],
  ] as const)('%s is %j', ([arg, value]) => {
    expect(parse([arg]).flags.isOn('in-place')).toBe(value)
  })

  test.for([
    ['12', 12],
    ['-0x1F', -31],
    ['017', 15],
    ['0o17', 15],
    ['0b101', 5],
    ['1_000', 1000],
    ['+3', 3],
  ] as const)('the number %s is %d', ([text, value]) => {
    expect(parse([`--number=${text}`]).flags.integer('number')).toBe(value)
  })

  test('a list takes each value', () => {
    expect(parse(['--each', 'a', '--each=b,c']).flags.list('each')).toEqual(['a', 'b,c'])
  })
})

describe('errors', () => {
  test.for([
    [['--nonsense'], 'syntax: flag provided but not defined: -nonsense'],
    [['-ix'], 'syntax: flag provided but not defined: -ix'],
    [['--output'], 'syntax: flag needs an argument: -output'],
    [['-i=perhaps'], 'syntax: invalid boolean value "perhaps" for -i: parse error'],
    [['-i='], 'syntax: invalid boolean value "" for -i: parse error'],
    [['--number', 'x'], 'syntax: invalid value "x" for flag -number: parse error'],
    [['--number', '09'], 'syntax: invalid value "09" for flag -number: parse error'],
    [
      ['--number', '9223372036854775808'],
      'syntax: invalid value "9223372036854775808" for flag -number: value out of range',
    ],
    [['---i'], 'syntax: bad flag syntax: ---i'],
    [['--=x'], 'syntax: bad flag syntax: --=x'],
    [['-i', '--in-place'], 'forms: Cannot use two forms of the same flag: i in-place'],
    [['-i', '-i'], ''],
  ] as const)('%j: %s', ([args, message]) => {
    expect(messageOf(args)).toBe(message)
  })
})

describe('places', () => {
  test.for([
    ['sops', ['f', '-i'], true, ['f']],
    ['leading', ['f', '-i'], false, ['f', '-i']],
    ['sops', ['f', '--output', 'x', 'g'], false, ['f', 'g']],
    ['sops', ['--', 'f', '-i'], false, ['f', '-i']],
    ['sops', ['-i', '--', '--output'], true, ['--output']],
    ['sops', ['f', '-'], false, ['f', '-']],
    // What follows a boolean moves with it, and ends the flags.
    ['sops', ['-i', 'f', '--output', 'x'], true, ['f', '--output', 'x']],
    ['anywhere', ['-i', 'f', '--output', 'x'], true, ['f']],
    ['anywhere', ['f', '--nonsense', 'g'], false, ['f', '--nonsense', 'g']],
  ] as const)('%s: %j', ([order, args, inPlace, positionals]) => {
    const parsed = parse(args, order)
    expect(parsed.flags.isOn('in-place')).toBe(inPlace)
    expect(parsed.positionals).toEqual(positionals)
  })
})

describe('the environment', () => {
  test('gives defaults, which the command line replaces', () => {
    const env = { OUTPUT: 'x', LOCAL: '0', EACH: 'a, b' }
    const { flags: values } = parse([], 'sops', env)
    expect([values.text('output'), values.isOn('local'), values.list('each')]).toEqual(['x', false, ['a', 'b']])
    const { flags: given } = parse(['--output=', '--local', '--each', 'c'], 'sops', env)
    expect([given.text('output'), given.isOn('local'), given.list('each')]).toEqual(['', true, ['c']])
  })

  test('an empty variable switches a boolean off', () => {
    expect(parse([]).flags.isOn('local')).toBe(true)
    expect(parse([], 'sops', { LOCAL: '' }).flags.isOn('local')).toBe(false)
  })

  test('a variable that does not parse is an error', () => {
    expect(messageOf([], { LOCAL: 'perhaps' })).toBe(
      'environment: could not parse perhaps as bool value for flag local: strconv.ParseBool: parsing "perhaps": invalid syntax',
    )
  })
})
