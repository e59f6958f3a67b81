// Each directory of test/krm is a case: input.yaml (stdin), expected.json (stdout), errors.txt (stderr). case.json may name
// another directory to run in, and variables. TSOPS_GOLDEN=write rewrites what is expected.
import { existsSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hostWith } from '../ours.ts'
import { alice } from '../test-keys.ts'
import { runIn } from './world.ts'

interface Case {
  readonly root?: string
  readonly env?: Readonly<Record<string, string>>
}

const directory = realpathSync('test/krm')
const cases = readdirSync(directory).filter((name) => existsSync(join(directory, name, 'input.yaml')))
const rewrite = process.env.TSOPS_GOLDEN === 'write'

describe.each(cases)('%s', (name) => {
  const path = (file: string): string => join(directory, name, file)
  const read = (file: string): string => (existsSync(path(file)) ? readFileSync(path(file), 'utf8') : '')
  const settings = JSON.parse(read('case.json') || '{}') as Case

  test('gives what is expected', async () => {
    const root = join(directory, settings.root ?? name)
    const host = hostWith(alice.identity)
    const { status, stdout, stderr } = await runIn(root, { stdin: read('input.yaml'), env: settings.env ?? {}, host })
    const list: unknown = JSON.parse(stdout)
    expect(list).toMatchObject({ kind: 'ResourceList' })
    const pretty = `${JSON.stringify(list, undefined, 2)}\n`
    if (rewrite) {
      writeFileSync(path('expected.json'), pretty)
      if (stderr === '') rmSync(path('errors.txt'), { force: true })
      else writeFileSync(path('errors.txt'), stderr)
    }
    expect(pretty).toBe(read('expected.json'))
    expect(stderr).toBe(read('errors.txt'))
    expect(status).toBe(stderr.includes(': error: ') ? 1 : 0)
    expect(stderr).not.toMatch(/Canary7|Q2FuYXJ5|ENC\[AES/)
    if (status !== 0) {
      expect(list).toMatchObject({ items: [] })
      expect(stdout).not.toMatch(/Canary7|Q2FuYXJ5|ENC\[AES/)
    }
  })
})

test('there are cases for each kind of configuration', () => {
  expect(cases.length).toBeGreaterThan(30)
})
