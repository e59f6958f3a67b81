// A marker stands in every value of every format. Whatever goes wrong, nothing that comes out may show it, its hash, its
// base64 or hexadecimal form, the identity, or anything that looks like the hash of the values.

import { createHash } from 'node:crypto'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decrypt, encrypt, rotate, update } from '../src/index.ts'
import { run as runProgram, type RunResult, useBuiltCli } from './cli/built-cli.ts'
import { ageGroup, ageRule, hostWith } from './ours.ts'
import { alice, bob } from './test-keys.ts'

const marker = 'Canary7Value'

const plains: Readonly<Record<string, string>> = {
  yaml: `a: ${marker}\nb: "${marker}"\nc: |\n  ${marker}\n  ${marker}\nl: [${marker}, ${marker}]\nm:\n  - n: '${marker}' # ${marker}\n# ${marker}\nclear_unencrypted: ${marker}\n`,
  json: `{"a": "${marker}", "l": ["${marker}", {"n": "${marker}"}], "clear_unencrypted": "${marker}"}\n`,
  dotenv: `a=${marker}\n# ${marker}\nb="${marker}"\nclear_unencrypted=${marker}\n`,
  ini: `[s]\na = ${marker}\n; ${marker}\nb = "${marker}"\nclear_unencrypted = ${marker}\n`,
  binary: `${marker}\n`,
}

const formats = Object.keys(plains)
const host = hostWith(alice.identity)

const forbidden = forbiddenTexts()

describe('a text that does not parse', () => {
  const broken: readonly (readonly [string, string])[] = [
    ...[
      `a: "${marker}`,
      `a: '${marker}`,
      `a: [${marker}`,
      `a: {${marker}: ${marker}`,
      `- ${marker}\n`,
      `${marker}\n`,
      `"${marker}"\n`,
      `a: 1\n b: ${marker}\n`,
      `a: ${marker}: ${marker}\n`,
      `a:\n\t${marker}: 1\n`,
      `a: *${marker}\n`,
      `a: &${marker}\n${marker}: &x 1\nb: *y${marker}`,
      `a: !!int ${marker}\n`,
      `a: !!binary "${marker}!"\n`,
      `a: !!float ${marker}\n`,
      `a: !!timestamp ${marker}\n`,
      `a: "\\q${marker}"\n`,
      `a: "\\xz${marker}"\n`,
      `a: |x${marker}\n  ${marker}\n`,
      `%${marker}\n---\na: 1\n`,
      `a: ${marker}\n---\n- ${marker}\n`,
      `a: ${marker}\n---\n${marker}\n`,
      `a: @${marker}\n`,
      `a: \`${marker}\n`,
      `a: ${marker}\u0001\n`,
      `? [${marker}]\n: ${marker}\n`,
      `{[${marker}]: x}\n`,
      `<<: ${marker}\n`,
      `a: ${marker}\n]\n`,
      `a: 18446744073709551615\nb: ${marker}\n`,
      `1: ${marker}\n`,
      `sops: ${marker}\n`,
    ].map((text) => ['yaml', text] as const),
    ...[
      `{"a": "${marker}`,
      `{"a": ${marker}}`,
      `{"a": "${marker}" ${marker}}`,
      `{${marker}: 1}`,
      `["${marker}"]`,
      `"${marker}"`,
      marker,
      `{"a": "\\q${marker}"}`,
      `{"a": "\\uz${marker}"}`,
      `{"a": "${marker}\u0001"}`,
      `{"a": 1e999${marker}}`,
      `{"a": 12${marker}}`,
      `{"a": tru${marker}}`,
      `{"a": "${marker}",}`,
      `{"a" "${marker}"}`,
      `{"sops": "${marker}"}`,
      `${'['.repeat(20_000)}"${marker}"`,
    ].map((text) => ['json', text] as const),
    ...[`${marker}\n`, `a=1\n${marker} ${marker}\n`, `a="${marker}\n${marker}"\n`, `sops_mac=${marker}\n`].map(
      (text) => ['dotenv', text] as const,
    ),
    ...[
      `${marker}\n`,
      `[s]\n${marker} ${marker}\n`,
      `[${marker}\n`,
      `[s]\na = """${marker}\n`,
      `[s]\n"${marker} = 1\n`,
      `[s]\na = \`${marker}\n`,
      `[sops]\nmac = ${marker}\n`,
    ].map((text) => ['ini', text] as const),
  ]
  test.for(broken)('%s: %j', async ([format, text]) => {
    const bytes = Buffer.from(text)
    await failsClean(encrypt(bytes, ageRule(), { format, host }))
    await maybeClean(decrypt(bytes, { format, host }))
    const encrypted = await encryptedIn(format)
    await failsClean(update(encrypted, bytes, { format, host }))
  })
})

describe('a file that somebody changed', () => {
  test.for(formats)('%s: each line, each ciphertext, each field', async (format) => {
    const text = Buffer.from(await encryptedIn(format)).toString()
    const variants = new Set([...lineVariants(text), ...ciphertextVariants(text), ...fieldVariants(text)])
    expect(variants.size).toBeGreaterThan(10)
    let failures = 0
    for (const variant of variants) {
      const file = Buffer.from(variant)
      if (await maybeClean(decrypt(file, { format, host }))) failures++
      await maybeClean(decrypt(file, { format, host, ignoreMac: true }))
    }
    expect(failures).toBeGreaterThan(10)
  })

  test.for(formats)('%s: cut anywhere', async (format) => {
    const file = Buffer.from(await encryptedIn(format))
    const step = Math.max(1, Math.floor(file.length / 60))
    for (let length = 0; length < file.length; length += step) {
      await maybeClean(decrypt(file.subarray(0, length), { format, host }))
    }
  })
})

describe('the wrong keys', () => {
  const identities: readonly (readonly [string, string])[] = [
    ['none', ''],
    ['another', bob.identity],
    ['one that is cut', alice.identity.slice(0, -3)],
    ['one with a wrong letter', alice.identity.replace(/.$/, (last) => (last === 'Q' ? 'P' : 'Q'))],
    ['one with text after it', `${alice.identity}x`],
    ['lower case', alice.identity.toLowerCase().slice(0, -1)],
    ['a plug-in', `AGE-PLUGIN-${marker.toUpperCase()}-1${alice.identity.slice(16)}`],
    ['a key of no kind', `${marker} ${marker}`],
    ['a PEM', `-----BEGIN OPENSSH PRIVATE KEY-----\n${marker}\n-----END OPENSSH PRIVATE KEY-----\n`],
  ]
  test.for(identities)('%s', async ([, identity]) => {
    for (const format of formats) {
      const result = decrypt(await encryptedIn(format), { format, host: hostWith(identity) })
      await failsClean(
        result,
        [identity.slice(0, 40)].filter((text) => text.length > 20),
      )
    }
  })

  test('an identity where a recipient belongs', () => {
    for (const text of [alice.identity, `${alice.recipient},${alice.identity}`, `${alice.identity}x`]) {
      let caught: unknown
      try {
        ageGroup(text)
      } catch (error) {
        caught = error
      }
      expect(caught).toBeInstanceOf(Error)
      expectClean(inspect(caught, { depth: 10, showHidden: true }))
    }
  })
})

describe('what the target cannot hold', () => {
  test.for(formats.flatMap((format) => formats.map((output) => [format, output] as const)))(
    '%s to %s',
    async ([format, outputFormat]) => {
      await maybeClean(decrypt(await encryptedIn(format), { format, outputFormat, host }))
      await maybeClean(encrypt(Buffer.from(plains[format] ?? ''), ageRule(), { format, outputFormat, host }))
      for (const extract of [['nothing'], ['a', 'b'], ['l', 99], [0], ['a', 0], ['m', -1]]) {
        await maybeClean(decrypt(await encryptedIn(format), { format, outputFormat, host, extract }))
      }
    },
  )
})

describe('a rule that cannot be followed', () => {
  test.for(formats)('%s', async (format) => {
    const bytes = Buffer.from(plains[format] ?? '')
    await maybeClean(
      encrypt(bytes, ageRule({ by: 'encrypted_regex', pattern: `([${marker.slice(0, 3)}` }), { format, host }),
    )
    await maybeClean(encrypt(bytes, ageRule({ by: 'encrypted_regex', pattern: '^nothing$' }), { format, host }))
    await failsClean(encrypt(bytes, { keyGroups: [] }, { format, host }))
    await failsClean(encrypt(bytes, { keyGroups: [[]] }, { format, host }))
    await failsClean(encrypt(await encryptedIn(format), ageRule(), { format, host }), [], format === 'binary')
    await failsClean(rotate(await encryptedIn(format), { format, host: hostWith(bob.identity) }))
  })
})

describe('the command line', () => {
  const cli = useBuiltCli()
  let directory = ''
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tsops-canary-'))
    await writeWork(join(directory, 'work'))
  })
  afterAll(() => rmSync(directory, { recursive: true }))

  /** Runs a command line on a copy of the files; nothing secret may come out, by whatever way. */
  const run = async (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<RunResult> => {
    const place = mkdtempSync(join(directory, 'run-'))
    const [work, temporary] = [join(place, 'work'), join(place, 'tmp')]
    cpSync(join(directory, 'work'), work, { recursive: true })
    mkdirSync(temporary)
    const result = await runProgram(process.execPath, [cli(), ...args], {
      cwd: work,
      env: { TMPDIR: temporary, ...credentials, ...env },
    })
    // A program that does not even start shows nothing either.
    expect(result.stderr).not.toMatch(/Unexpected error|node:internal/)
    expectClean(result.stderr)
    expectClean(result.stdout.toString('latin1'))
    expect(readdirSync(temporary, { recursive: true })).toEqual([])
    expectCleanFiles(join(directory, 'work'), work, result.status === 0)
    rmSync(place, { recursive: true })
    return result
  }
  const named = (list: readonly (readonly string[])[]): { name: string; args: readonly string[] }[] =>
    list.map((args) => ({ name: args.map((text) => text.slice(0, 30)).join(' '), args }))

  describe.concurrent('that fails', () => {
    test.for(named(failures))('$name', async ({ args }) => {
      expect((await run(args)).status).not.toBe(0)
    })
    test.for(named(onBadFiles(['decrypt', 'FILE'], ...changing)))('$name', async ({ args }) => {
      expect((await run(args)).status).not.toBe(0)
    })
    // They need neither a data key nor a good MAC for all that they do.
    test.for(named(onBadFiles(...regrouping)))('$name', async ({ args }) => {
      await run(args)
    })
    test.for(named(changing.map((args) => withFile(args, 'enc.yaml'))))(
      'with the wrong key: $name',
      async ({ args }) => {
        expect((await run(args, { SOPS_AGE_KEY: bob.identity })).status).toBe(128)
      },
    )
  })

  describe.concurrent('that succeeds', () => {
    const [, ...others] = [...changing, ...regrouping]
    test.for(named(others.map((args) => withFile(args, 'enc.yaml'))))('$name', async ({ args }) => {
      await run(args, { EDITOR: './ed-add' })
    })
    test.for(['enc.yaml', 'enc.json', 'enc.env', 'enc.ini', 'enc.binary'])('edit %s', async (file) => {
      const { status, stderr } = await run(['edit', file], { EDITOR: './ed-marker' })
      expect(status, stderr).toBe(0)
    })
  })

  describe.concurrent('with an editor that', () => {
    test.for([
      ['fails', './ed-fail'],
      ['is not there', './ed-none'],
      ['writes what does not parse', './ed-bad'],
      ['writes a section', './ed-sops'],
      ['empties the file', ': >'],
      ['takes the file away', 'rm'],
      ['has a name that does not parse', '"unclosed'],
    ] as const)('%s', async ([, editor]) => {
      for (const args of [['edit', 'enc.yaml'], ['edit', '-s', 'enc.yaml'], ['enc.json'], ['edit', 'new.yaml']]) {
        const result = await run(args, { EDITOR: editor, SOPS_AGE_RECIPIENTS: alice.recipient })
        expect(result.status, result.stderr).not.toBe(0)
      }
    })
  })
})

/** Whoever gets one of these could read secrets, too. */
const credentials = {
  SOPS_AGE_KEY: alice.identity,
  EDITOR: 'false',
  VAULT_TOKEN: `hvs.${marker}`,
  AWS_ACCESS_KEY_ID: 'AKIAFAKEUSER',
  AWS_SECRET_ACCESS_KEY: marker,
  AWS_REGION: 'eu-central-1',
  AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
  AWS_MAX_ATTEMPTS: '1',
}

async function writeWork(directory: string): Promise<void> {
  mkdirSync(directory)
  const write = (name: string, content: string | Uint8Array): void => writeFileSync(join(directory, name), content)
  for (const format of formats) {
    const suffix = format === 'dotenv' ? 'env' : format
    write(`plain.${suffix}`, plains[format] ?? '')
    write(`enc.${suffix}`, await encryptedIn(format))
  }
  const text = Buffer.from(await encryptedIn('yaml')).toString()
  write('clear.yaml', text.replace(/^a: .*/m, `a: ${marker}`))
  write('mac.yaml', text.replace(/^ *mac: .*\n/m, ''))
  write('moved.yaml', text.replace(/^b: /m, 'z: '))
  write('other.yaml', text.replace(/^clear_unencrypted: .*/m, 'clear_unencrypted: x'))
  write('tag.yaml', text.replace(/^a: ENC.*/m, `a: ENC[AES256_GCM,data:${marker},iv:x,tag:y,type:str]`))
  write('version.yaml', text.replace(/version: .*/, `version: ${marker}`))
  write('broken.yaml', `a: "${marker}\nb: ${marker}: x`)
  write('broken.enc.yaml', text.replace(/^b: .*/m, `b: [${marker}`))
  write('broken.json', `{"a": ${marker}}`)
  write('value.json', `{"x": ${marker}}`)
  write('identity-config.yaml', `creation_rules: [{age: ${alice.identity}}]\n`)
  write('regex-config.yaml', `creation_rules: [{age: ${alice.recipient}, encrypted_regex: '(['}]\n`)
  write('broken-config.yaml', `creation_rules: [{age: "${alice.identity}\n`)
  write('both-config.yaml', `creation_rules: [{age: "${alice.recipient},${bob.recipient}"}]\n`)
  for (const [name, rule] of Object.entries(destinations))
    write(`${name}-config.yaml`, `destination_rules: [${rule}]\n`)
  for (const [name, line] of Object.entries(editors)) {
    write(`ed-${name}`, `#!/bin/sh\n${line}\n`)
    chmodSync(join(directory, `ed-${name}`), 0o755)
  }
}

const destinations: Readonly<Record<string, string>> = {
  vault: '{vault_path: x/, vault_address: "http://127.0.0.1:1"}',
  s3: '{s3_bucket: b}',
}

const editors: Readonly<Record<string, string>> = {
  fail: 'exit 3',
  add: 'echo "z: 1" >>"$1"',
  bad: `echo 'a: "${marker}' >"$1"`,
  sops: `case "$1" in *.json) echo '{"sops": {"x": "${marker}"}}' >"$1";; *) echo 'sops: ${marker}' >>"$1";; esac`,
  // Good in every format.
  marker: `case "$1" in *.json) echo '{"a": "${marker}", "b": "${marker}"}' >"$1";; *.yaml) echo 'a: ${marker}' >>"$1"; echo 'b: ${marker}' >"$1";; *.ini) echo '[s]' >"$1"; echo 'a = new ${marker}' >>"$1";; *) echo 'a=new ${marker}' >"$1";; esac`,
}

function countOf(secret: string, text = ''): number {
  return text.split(secret).length - 1
}

/** A value in clear stays one; no secret stands in more places than before. */
function expectCleanFiles(before: string, after: string, succeeded: boolean): void {
  const old = new Map(readdirSync(before).map((name) => [name, readFileSync(join(before, name), 'latin1')]))
  for (const name of readdirSync(after)) {
    const text = readFileSync(join(after, name), 'latin1')
    if (text === old.get(name)) continue
    expect(succeeded, `${name} was written by a command that failed`).toBe(true)
    for (const secret of forbidden)
      expect(countOf(secret, text), name).toBeLessThanOrEqual(countOf(secret, old.get(name)))
  }
}

function withFile(args: readonly string[], file: string): readonly string[] {
  return args.map((arg) => (arg === 'FILE' ? file : arg))
}

const badFiles = [
  ...['clear.yaml', 'mac.yaml', 'moved.yaml', 'other.yaml', 'tag.yaml', 'version.yaml'],
  ...[
    'broken.yaml',
    'broken.enc.yaml',
    'broken.json',
    'plain.yaml',
    'plain.json',
    'plain.env',
    'plain.ini',
    'plain.binary',
  ],
]

function onBadFiles(...commands: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return commands.flatMap((args) => badFiles.map((file) => withFile(args, file)))
}

/** Commands that open a file and write it again or hand on what it holds. */
const changing: readonly (readonly string[])[] = [
  ['decrypt', '-i', 'FILE'],
  ['rotate', '-i', 'FILE'],
  ['-r', '-i', '--add-age', bob.recipient, 'FILE'],
  ['set', 'FILE', '["a"]', `"new ${marker}"`],
  ['set', 'FILE', '["l"][0]["x"]', `{"y": "${marker}"}`],
  ['--set', `["n"] "${marker}"`, 'FILE'],
  ['unset', 'FILE', '["b"]'],
  ['edit', 'FILE'],
  ['edit', '-s', 'FILE'],
  ['FILE'],
  ['exec-env', 'FILE', 'exit 3'],
  ['exec-file', 'FILE', 'exit 3'],
  ['exec-file', '--no-fifo', 'FILE', 'exit 3'],
  ['--config', 'vault-config.yaml', 'publish', '-y', 'FILE'],
]

const regrouping: readonly (readonly string[])[] = [
  ['--config', 'both-config.yaml', 'updatekeys', '-y', 'FILE'],
  ['groups', 'add', '-i', '--age', bob.recipient, '-f', 'FILE'],
  ['groups', 'delete', '-i', '-f', 'FILE', '0'],
  ['filestatus', 'FILE'],
]

const failures: readonly (readonly string[])[] = [
  ['decrypt', 'clear.yaml'],
  ['decrypt', 'mac.yaml'],
  ['decrypt', 'moved.yaml'],
  ['decrypt', 'other.yaml'],
  ['-d', 'other.yaml'],
  ['decrypt', 'plain.yaml'],
  ['decrypt', 'broken.yaml'],
  ['decrypt', 'broken.json'],
  ['decrypt', '--input-type', 'ini', 'enc.yaml'],
  ['decrypt', '--input-type', 'json', 'plain.yaml'],
  ['decrypt', '--input-type', 'dotenv', 'plain.yaml'],
  ['decrypt', '--input-type', 'nonsense', 'enc.binary'],
  ['decrypt', '--output-type', 'dotenv', 'enc.yaml'],
  ['decrypt', '--output-type', 'ini', 'enc.yaml'],
  ['decrypt', '--output-type', 'binary', 'enc.yaml'],
  ['decrypt', '--extract', '["nothing"]', 'enc.yaml'],
  ['decrypt', '--extract', '["a"]["b"]', 'enc.yaml'],
  ['decrypt', '--extract', '["a"', 'enc.yaml'],
  ['encrypt', '--age', alice.recipient, 'broken.yaml'],
  ['encrypt', '--age', alice.recipient, 'broken.json'],
  ['encrypt', '--age', alice.recipient, 'enc.yaml'],
  ['encrypt', '--age', alice.identity, 'plain.yaml'],
  ['encrypt', '--age', alice.recipient, '--encrypted-regex', '([', 'plain.yaml'],
  ['encrypt', '--age', alice.recipient, '--encrypted-regex', '^nothing$', 'plain.yaml'],
  ['encrypt', '--age', alice.recipient, '--encrypted-suffix', 'x', '--unencrypted-suffix', 'y', 'plain.yaml'],
  ['encrypt', 'plain.yaml'],
  ['--config', 'identity-config.yaml', 'encrypt', 'plain.yaml'],
  ['--config', 'regex-config.yaml', 'encrypt', 'plain.yaml'],
  ['--config', 'broken-config.yaml', 'encrypt', 'plain.yaml'],
  ['set', 'enc.yaml', '["a"]', marker],
  ['set', 'enc.yaml', '["a"]', `{"x": ${marker}}`],
  ['set', 'enc.yaml', '["a"]', `["${marker}"]`],
  ['set', 'enc.yaml', '"a"', `"${marker}"`],
  ['set', 'clear.yaml', '["b"]', `"${marker}"`],
  ['set', 'missing.yaml', '["b"]', `"${marker}"`],
  ['set', 'enc.ini', '["s"]["a"]["b"]', `"${marker}"`],
  ['set', 'enc.yaml', '["sops"]', `"${marker}"`],
  ['set', '--value-file', 'enc.yaml', '["a"]', 'value.json'],
  ['set', '--value-file', 'enc.yaml', '["a"]', 'none.json'],
  ['set', 'enc.env', '["a"]', `{"x": "${marker}"}`],
  ['set', 'enc.ini', '["s"]["a"]', `{"x": "${marker}"}`],
  ['set', 'enc.json', '["l"]["x"]', `"${marker}"`],
  ['set', 'enc.yaml', '', `{"x": "${marker}"}`],
  ['set', '--output-type', 'dotenv', 'enc.yaml', '["a"]', `"${marker}"`],
  ['--set', `["a"] ${marker}`, 'enc.yaml'],
  ['--set', marker, 'enc.yaml'],
  ['unset', 'enc.yaml', '["nothing"]'],
  ['unset', 'enc.yaml', '["a"]["b"]'],
  ['unset', 'enc.yaml', '["l"]["b"]'],
  ['unset', 'enc.yaml', '["l"][9]'],
  ['rotate', '--add-age', alice.identity, 'enc.yaml'],
  ['rotate', '--rm-age', alice.recipient, 'enc.yaml'],
  ['rotate', '--output-type', 'ini', 'enc.yaml'],
  ['rotate', 'other.yaml'],
  ['updatekeys', '--yes', 'enc.yaml'],
  ['--config', 'identity-config.yaml', 'updatekeys', '--yes', 'enc.yaml'],
  ['--config', 'both-config.yaml', 'updatekeys', 'enc.yaml'],
  ['groups', 'add', '-f', 'enc.yaml', '--age', alice.identity],
  ['groups', 'delete', '-f', 'enc.yaml', '7'],
  ['filestatus', 'broken.yaml'],
  ['exec-env', 'enc.yaml', 'true'],
  ['exec-env', 'enc.env', 'none-such-program'],
  ['exec-env', 'enc.env', 'kill -9 $$'],
  ['exec-file', 'enc.yaml', 'none-such-program'],
  ['exec-file', '--no-fifo', 'enc.yaml', 'kill -9 $$'],
  ['exec-file', '--filename', '../x', 'enc.yaml', 'true'],
  ['exec-file', '--output-type', 'dotenv', 'enc.yaml', 'cat {}'],
  ['exec-file', '--user', 'no-such-user', 'enc.yaml', 'cat {}'],
  ['publish', 'enc.yaml'],
  ['--config', 's3-config.yaml', 'publish', '-y', 'enc.yaml'],
  ['--config', 'vault-config.yaml', 'publish', 'enc.yaml'],
  ['edit', 'clear.yaml'],
  ['--nonsense', 'enc.yaml'],
  ['decrypt', '--nonsense', 'enc.yaml'],
]

async function encryptedIn(format: string): Promise<Uint8Array> {
  return encrypt(Buffer.from(plains[format] ?? ''), ageRule(), { format, host })
}

/** Fails, and shows nothing. */
async function failsClean(result: Promise<unknown>, more: readonly string[] = [], maySucceed = false): Promise<void> {
  const failed = await maybeClean(result, more)
  if (!maySucceed) expect(failed, 'it should have failed').toBe(true)
}

/** Whether it failed; a failure shows nothing. */
async function maybeClean(result: Promise<unknown>, more: readonly string[] = []): Promise<boolean> {
  try {
    await result
    return false
  } catch (error) {
    expectClean(inspect(error, { depth: 10, showHidden: true, maxStringLength: null }), more)
    return true
  }
}

function expectClean(shown: string, more: readonly string[] = []): void {
  const found = [...forbidden, ...more].filter((text) => shown.includes(text))
  expect(found, shown).toEqual([])
  expect(shown).not.toMatch(/[0-9A-Fa-f]{64}/)
}

function forbiddenTexts(): readonly string[] {
  const digest = createHash('sha512').update(marker).digest('hex')
  // Base64 of the marker at each of the three alignments, without the letters that depend on what stands beside it.
  const base64 = [0, 1, 2].map((pad) =>
    Buffer.from('\0'.repeat(pad) + marker)
      .toString('base64')
      .slice(pad === 0 ? 0 : pad + 1, -4),
  )
  const hex = Buffer.from(marker).toString('hex')
  return [
    ...[marker, digest, digest.toUpperCase(), hex, hex.toUpperCase(), ...base64],
    ...[alice.identity, alice.identity.toLowerCase(), alice.identity.slice(20, 50)],
  ]
}

function lineVariants(text: string): readonly string[] {
  const lines = text.split('\n')
  return lines.flatMap((line, index) => {
    const replaced = (...by: readonly string[]): string => lines.toSpliced(index, 1, ...by).join('\n')
    return [
      replaced(),
      replaced(line, line),
      replaced(marker),
      replaced(`${line}${marker}`),
      replaced(`other${line}`),
      replaced(line.replace(/[=:].*/, (value) => `${value.slice(0, 2)}${marker}`)),
      replaced(line.replace(/[=:].*/, (value) => `${value.slice(0, 2)} "${marker}`)),
    ]
  })
}

function ciphertextVariants(text: string): readonly string[] {
  const found = text.match(/ENC\[[^\]]*\]/g) ?? []
  return found.flatMap((ciphertext, index) => {
    const replaced = (by: string): string => text.replace(ciphertext, () => by)
    return [
      replaced(marker),
      replaced(`ENC[${marker}]`),
      replaced(`ENC[AES256_GCM,data:${marker},iv:${marker},tag:${marker},type:str]`),
      replaced(ciphertext.replace(/type:\w+/, `type:${marker}`)),
      replaced(ciphertext.replace(/type:\w+/, 'type:int')),
      replaced(ciphertext.replace(/type:\w+/, 'type:bool')),
      replaced(ciphertext.replace(/type:\w+/, 'type:time')),
      replaced(ciphertext.replace(/type:\w+/, 'type:float')),
      replaced(ciphertext.replace(/iv:[^,]*/, `iv:${marker}`)),
      replaced(ciphertext.replace(/tag:[^,]*/, `tag:${marker}`)),
      replaced(ciphertext.replace(/data:[^,]*/, `data:${marker}`)),
      replaced(found[(index + 1) % found.length] ?? ''),
    ]
  })
}

function fieldVariants(text: string): readonly string[] {
  return ['mac', 'lastmodified', 'version', 'enc', 'recipient', 'age', 'unencrypted_suffix', 'shamir_threshold'].map(
    (field) => text.replace(new RegExp(`(${field}"?\\s*[=:]\\s*).*`), `$1other`),
  )
}
