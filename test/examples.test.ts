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
