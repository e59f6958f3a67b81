// What the README says about keys is about every kind of key that there is.

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { backends } from '../src/keys/registry.ts'

const readme = readFileSync('README.md', 'utf8')
const table = /<!-- interop -->([^]*?)<!-- \/interop -->/.exec(readme)?.[1] ?? ''
const rows = table.split('\n').map((line) => line.split('|').map((cell) => cell.trim()))

test.each(backends.map(({ type }) => type))('the interop table has a row for %s, opened in both directions', (type) => {
  const own = rows.filter(([, key]) => key?.includes(`(\`${type}\`)`) === true)
  expect(own).not.toEqual([])
  for (const [, , , oursBySops, theirsByUs] of own) {
    expect(oursBySops).toMatch(/^[1-9]\d*$/)
    expect(theirsByUs).toMatch(/^[1-9]\d*$/)
  }
})
