import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'

describe('the examples run', () => {
  test('cli', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['examples/cli/run.mjs'], { encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(stdout).toContain('password: ')
    expect(stdout).toContain('Byte for byte the file that it was.')
  })

  test('library', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['examples/library/run.mjs'], { encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(stdout).toContain('password: hunter3')
    expect(stdout).toContain('the ciphertext of user is kept: true')
  })

  test('own backend', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['examples/own-backend/run.mjs'], {
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(stdout).toContain('key_file:')
    expect(stdout).toContain('password: hunter2')
    expect(stdout).toContain('with another key: ERR_SOPS_DATA_KEY')
  })
})

describe('the check of a build', () => {
  const objects = `apiVersion: v1
kind: Secret
metadata:
  labels:
    name: other
  name: settings-2hth8dc62h
stringData:
  token: clear-text
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
`

  function check(input: string, ...args: readonly string[]): readonly [number | null, string] {
    const program = ['examples/github/check-build.mjs', ...args]
    const { status, stderr } = spawnSync(process.execPath, program, { input, encoding: 'utf8' })
    expect(stderr).not.toContain('clear-text')
    return [status, stderr.replaceAll('check-build: ', '')]
  }

  test('passes what is there, with the suffix of a hash and without', () => {
    expect(check(objects, 'Secret/settings', 'Secret/settings-2hth8dc62h', 'Deployment/shop')).toEqual([0, ''])
  })

  test.for([
    ['a missing object', objects, ['Secret/database'], 'Secret/database is missing: was its generator left out?\n'],
    ['an empty build', '', [], 'the build is empty\n'],
    [
      'what is still encrypted',
      objects.replace('token: clear-text', 'token: ENC[AES256_GCM,data:clear-text,iv:x]'),
      [],
      'Secret/settings-2hth8dc62h is still encrypted: was its transformer left out?\n',
    ],
    [
      'a configuration',
      objects.replace('apps/v1', 'tsops/v1').replace('Deployment', 'SopsGenerator'),
      [],
      'SopsGenerator/shop is a configuration\n',
    ],
    [
      'a placeholder',
      objects.replace('token: clear-text', 'token: placeholder-ca8e45bd7e71'),
      [],
      'Secret/settings-2hth8dc62h holds placeholders, no values\n',
    ],
    [
      'a placeholder in base64',
      objects.replace('token: clear-text', `token: ${Buffer.from('placeholder-ca8e45bd7e71').toString('base64')}`),
      [],
      'Secret/settings-2hth8dc62h holds placeholders, no values\n',
    ],
  ] as const)('tells of %s', ([, input, wanted, message]) => {
    expect(check(input, ...wanted)).toEqual([1, message])
  })

  test('placeholders pass where they are asked for', () => {
    const input = objects.replace('token: clear-text', 'token: placeholder-ca8e45bd7e71')
    expect(check(input, '--placeholders', 'Secret/settings')).toEqual([0, ''])
  })
})
