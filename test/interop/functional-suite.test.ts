// All tests of sops' functional suite with our command in sops' place, those for cloud services on emulators. sops itself
// goes first: it shows that the emulators are what the tests want.
import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fetchSuite, startSuite, type Program, type SuiteWorld } from './functional-suite.ts'
import { sopsBin } from './peers.ts'
import { cliPath } from './sops.ts'

const suite = fetchSuite()
let world: SuiteWorld

beforeAll(async () => {
  world = await startSuite(suite)
})
afterAll(async () => {
  await world.close()
  rmSync(world.directory, { recursive: true, force: true })
})

const ours = [process.execPath, cliPath]
const asSops: Program = { command: ours, env: { TSOPS_LAYOUT: 'sops' } }

test('the suite has 41 tests', () => {
  expect(new Set(suite.names).size).toBe(41)
})

// It wants a file printed anew: with a newline at its end that was not there, a date as a time. We give the author's
// bytes back unless TSOPS_LAYOUT=sops.
const printsAnew = 'test_yaml_time'

describe.each<[string, Program, readonly string[]]>([
  ['sops', { command: [sopsBin] }, suite.names],
  ['tsops', { command: ours }, suite.names.filter((name) => name !== printsAnew)],
  ['tsops with TSOPS_LAYOUT=sops', asSops, suite.names],
])('%s', (_, program, names) => {
  let results: ReadonlyMap<string, string>
  let published: readonly string[]
  beforeAll(async () => {
    results = await world.run(program)
    published = await world.published()
  })

  test.for(names)('%s', (name) => {
    expect(results.get(name)).toBe('')
  })

  // What the tests themselves do not look at.
  test('what was published is there', () => {
    expect(published.toSorted()).toEqual([
      'functional-test-version-1/test_encrypt_publish_vault_version_1.json',
      'functional-test/test_encrypt_publish_s3.json',
      'functional-test/test_encrypt_publish_vault.json',
    ])
  })
})
