import { describe, expect, test } from 'vitest'
import { findConfigFile, type FileSystem } from '../../src/config/find.ts'

interface FakeFiles extends FileSystem {
  readonly asked: string[]
}

function filesystem(paths: readonly string[], platform: FileSystem['platform'] = 'linux'): FakeFiles {
  const asked: string[] = []
  return {
    platform,
    asked,
    async exists(path) {
      asked.push(path)
      return paths.includes(path)
    },
  }
}

describe('findConfigFile', () => {
  test.each([
    [['/a/b/c/.sops.yaml', '/a/.sops.yaml'], '/a/b/c/.sops.yaml'],
    [['/a/.sops.yaml', '/.sops.yaml'], '/a/.sops.yaml'],
    [['/.sops.yaml'], '/.sops.yaml'],
    [['/a/b/c/d/.sops.yaml'], undefined],
    [[], undefined],
  ])('of %j finds %j', async (paths, path) => {
    expect(await findConfigFile('/a/b/c', filesystem(paths))).toEqual({ path, warning: undefined })
  })

  test('a .sops.yml above the configuration is not even looked at', async () => {
    const found = await findConfigFile('/a/b', filesystem(['/a/b/.sops.yaml', '/a/.sops.yml']))
    expect(found.warning).toBeUndefined()
  })

  test('a .sops.yml beside nothing', async () => {
    expect(await findConfigFile('/a/b', filesystem(['/a/.sops.yml', '/.sops.yml']))).toEqual({
      path: undefined,
      warning: 'ignoring "../.sops.yml" when searching for config file; the config file must be called ".sops.yaml"',
    })
  })

  test('a .sops.yml below the configuration', async () => {
    expect(await findConfigFile('/a/b', filesystem(['/a/b/.sops.yml', '/.sops.yaml']))).toEqual({
      path: '/.sops.yaml',
      warning:
        'ignoring ".sops.yml" when searching for config file; the config file must be called ".sops.yaml"; ' +
        'using "../../.sops.yaml" instead',
    })
  })

  test('ends after a hundred levels', async () => {
    const deep = `/${'d/'.repeat(200)}`
    const files = filesystem([`/.sops.yaml`])
    expect((await findConfigFile(deep, files)).path).toBeUndefined()
    expect(files.asked.filter((path) => path.endsWith('.yaml'))).toHaveLength(100)
  })

  test('on Windows', async () => {
    const files = filesystem(['C:\\a\\.sops.yaml'], 'win32')
    expect((await findConfigFile('C:\\a\\b', files)).path).toBe('C:\\a\\.sops.yaml')
  })
})
