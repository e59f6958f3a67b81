// A marker stands in every value of every format. Whatever goes wrong, nothing that comes out may show it, its hash, its
// base64 or hexadecimal form, the identity, or anything that looks like the hash of the values.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decrypt, encrypt, rotate, update } from '../src/index.ts'
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
  const cli = resolve('dist/bin/tsops.js')
  let directory = ''
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tsops-canary-'))
    for (const format of formats) {
      writeFileSync(join(directory, `plain.${format === 'dotenv' ? 'env' : format}`), plains[format] ?? '')
      writeFileSync(join(directory, `enc.${format === 'dotenv' ? 'env' : format}`), await encryptedIn(format))
    }
    const text = Buffer.from(await encryptedIn('yaml')).toString()
    writeFileSync(join(directory, 'clear.yaml'), text.replace(/^a: .*/m, `a: ${marker}`))
    writeFileSync(join(directory, 'mac.yaml'), text.replace(/^ *mac: .*\n/m, ''))
    writeFileSync(join(directory, 'moved.yaml'), text.replace(/^b: /m, 'z: '))
    writeFileSync(join(directory, 'other.yaml'), text.replace(/^clear_unencrypted: .*/m, 'clear_unencrypted: x'))
    writeFileSync(join(directory, 'broken.yaml'), `a: "${marker}\nb: ${marker}: x`)
    writeFileSync(join(directory, 'broken.json'), `{"a": ${marker}}`)
    writeFileSync(join(directory, 'identity-config.yaml'), `creation_rules: [{age: ${alice.identity}}]\n`)
    writeFileSync(
      join(directory, 'regex-config.yaml'),
      `creation_rules: [{age: ${alice.recipient}, encrypted_regex: '(['}]\n`,
    )
    writeFileSync(join(directory, 'broken-config.yaml'), `creation_rules: [{age: "${alice.identity}\n`)
  })
  afterAll(() => rmSync(directory, { recursive: true }))

  const commands: readonly (readonly string[])[] = [
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
    ['decrypt', '--input-type', marker, 'enc.binary'],
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
    ['--set', `["a"] ${marker}`, 'enc.yaml'],
    ['--set', marker, 'enc.yaml'],
    ['unset', 'enc.yaml', '["nothing"]'],
    ['unset', 'enc.yaml', '["a"]["b"]'],
    ['rotate', '--add-age', alice.identity, 'enc.yaml'],
    ['rotate', 'other.yaml'],
    ['updatekeys', '--yes', 'enc.yaml'],
    ['filestatus', 'broken.yaml'],
    ['exec-env', 'enc.yaml', 'true'],
    ['exec-env', 'clear.yaml', 'true'],
    ['exec-file', 'clear.yaml', 'true'],
    ['publish', 'enc.yaml'],
    ['edit', 'clear.yaml'],
    ['--nonsense', 'enc.yaml'],
    ['decrypt', '--nonsense', 'enc.yaml'],
  ]
  test.for(commands.map((args) => ({ args, name: args.map((text) => text.slice(0, 20)).join(' ') })))(
    '$name',
    ({ args }) => {
      const env = { PATH: process.env.PATH, HOME: directory, SOPS_AGE_KEY: alice.identity, EDITOR: 'false' }
      const result = spawnSync(process.execPath, [cli, ...args], {
        cwd: directory,
        env,
        encoding: 'utf8',
        timeout: 30_000,
      })
      expect(result.status, result.stderr).not.toBe(0)
      // An unknown format name is repeated in its own error; it is not a value.
      expectClean(args.includes(marker) && args.includes('--input-type') ? '' : result.stderr)
      expectClean(result.stdout)
    },
  )
})

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
