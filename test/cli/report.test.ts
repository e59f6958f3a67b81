import { describe, expect, test } from 'vitest'
import { errorCodes, DataKeyError, ParseError, SopsError } from '../../src/errors.ts'
import { CommandError, exitStatus } from '../../src/cli/exit-status.ts'
import type { Io } from '../../src/cli/io.ts'
import { logLine } from '../../src/cli/log.ts'
import { reportError } from '../../src/cli/report.ts'

function ioFor(isTerminal: boolean, env: Io['env'] = {}): { readonly io: Io; readonly text: () => string } {
  let text = ''
  const io: Io = {
    env,
    cwd: '/',
    stdin: (async function* (): AsyncGenerator<Uint8Array> {
      yield new Uint8Array()
    })(),
    stdout: { isTerminal, write: async () => undefined },
    stderr: { isTerminal, write: (more) => void (text += more) },
  }
  return { io, text: () => text }
}

function report(error: unknown, operation: 'encrypt' | 'decrypt' = 'decrypt', terminal = false): string {
  const { io, text } = ioFor(terminal)
  reportError(io, error, operation)
  return text()
}

const groups = [
  { recovered: true, keys: [{ id: 'age1good', errors: [], recovered: true }] },
  {
    recovered: false,
    keys: [
      {
        id: 'age1bad',
        errors: ['failed to load age identities. Did not find keys in location somewhere', 'and again'],
        recovered: false,
      },
      { id: 'silent', errors: [], recovered: false },
    ],
  },
] as const

const tooFewGroups = `Failed to get the data key required to decrypt the SOPS file.

Group 0: SUCCESS

Group 1: FAILED
  age1bad: FAILED
    - | failed to load age identities. Did not find keys in location
      | somewhere
${'    '}
    - | and again
${'  '}
  silent: FAILED


Recovery failed because the file was encrypted with a Shamir threshold of
2, but only 1 part(s) were successfully recovered, one for each successful
key group. In order for SOPS to recover the file, at least 2 groups have to
be successful. In order for a group to be successful, decryption has to
succeed with any of the keys in that key group.

Hint: Try a key.
`

describe('a data key that could not be had', () => {
  test('is reported as sops does it, then with our hint', () => {
    expect(report(new DataKeyError('short', groups, 2, { hint: 'Try a key.' }))).toBe(tooFewGroups)
  })

  test('without a threshold', () => {
    const text = report(new DataKeyError('short', groups.slice(1), 0))
    expect(text).toContain('\nRecovery failed because no master key was able to decrypt the file. In\norder for SOPS')
    expect(text.endsWith('\nbut none were.\n')).toBe(true)
  })

  test('although enough groups gave their part', () => {
    const enough = groups.slice(0, 1)
    for (const threshold of [0, 1]) {
      const text = report(new DataKeyError('duplicate part detected', enough, threshold))
      expect(text.endsWith('\n\nRecovery failed: duplicate part detected.\n')).toBe(true)
    }
  })

  test('names each key on one line', () => {
    const keys = [{ id: 'a\n  b: SUCCESS', errors: [], recovered: false }]
    expect(report(new DataKeyError('short', [{ recovered: false, keys }], 0))).toContain('  a\\n  b: SUCCESS: FAILED\n')
  })

  test('has colours on a terminal alone', () => {
    const error = new DataKeyError('short', groups, 2)
    expect(report(error)).not.toContain('\x1b')
    expect(report(error, 'decrypt', true)).toContain('Group 0: \x1b[32mSUCCESS\x1b[0m\n')
    const { io, text } = ioFor(true, { NO_COLOR: '1' })
    reportError(io, error, 'decrypt')
    expect(text()).not.toContain('\x1b')
  })
})

describe('an error', () => {
  test('says what sops was doing', () => {
    const error = new ParseError('yaml', 'bad', 3, 1)
    expect(report(error, 'encrypt')).toBe('Error unmarshalling file: yaml: line 3: bad\n')
    expect(report(error)).toBe('yaml: line 3: bad\n')
  })

  test('cannot steer the terminal', () => {
    const text = report(new SopsError('ERR_SOPS_INPUT', 'a\x1b[2Jb\u202e\rc', { hint: 'd\x07' }))
    expect(text).toBe('a\\x1b[2Jb\\u202e\\x0dc\nHint: d\\x07\n')
  })

  test('that nobody foresaw shows nothing of its text', () => {
    for (const error of [new TypeError('secret'), 'secret', { message: 'secret' }, undefined]) {
      expect(report(error)).toMatch(/^Unexpected error \((TypeError|string|object|undefined)\)/)
      expect(report(error)).not.toContain('secret')
      expect(exitStatus(error, 'decrypt')).toBe(1)
    }
  })
})

test('every code has a status, and none is 0', () => {
  for (const code of errorCodes) {
    for (const operation of ['encrypt', 'decrypt', 'filestatus'] as const) {
      expect(exitStatus(new SopsError(code, ''), operation)).toBeGreaterThan(0)
    }
  }
})

test.for([
  ['ERR_SOPS_PARSE', 'encrypt', 2],
  ['ERR_SOPS_PARSE', 'decrypt', 1],
  ['ERR_SOPS_EMPTY', 'encrypt', 92],
  ['ERR_SOPS_ALREADY_ENCRYPTED', 'encrypt', 203],
  ['ERR_SOPS_DATA_KEY', 'decrypt', 128],
  ['ERR_SOPS_MAC', 'decrypt', 51],
  ['ERR_SOPS_EMIT', 'decrypt', 4],
  ['ERR_SOPS_PATH_SYNTAX', 'decrypt', 91],
] as const)('%s of %s is %d', ([code, operation, status]) => {
  expect(exitStatus(new SopsError(code, ''), operation)).toBe(status)
})

test('a failure of the command line has its own status', () => {
  expect(exitStatus(new CommandError(112, ''), 'decrypt')).toBe(112)
})

describe('log lines', () => {
  test('look like those of sops', () => {
    const { io, text } = ioFor(false)
    logLine(io, 'warning', 'say "no"\x1b', 'SOPS')
    expect(text()).toMatch(
      /^\[SOPS\]\t time="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)" level=warning msg="say \\"no\\"\\x1b"\n$/,
    )
  })

  test('look like those of sops on a terminal', () => {
    const { io, text } = ioFor(true)
    logLine(io, 'warning', 'no\x1b')
    expect(text()).toBe(`\x1b[1m[CMD]\x1b[22m\t \x1b[33mWARN\x1b[0m[0000] ${'no\\x1b'.padEnd(44)} \n`)
  })
})
