// One command line, two programs: the lines of command-lines/*.txt run by sops and by us in directories of the same files.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compareOutcomes } from './command-lines/compare.ts'
import { commands, flagsOf, givenFlags } from './command-lines/flags.ts'
import { fillLine, readTables } from './command-lines/line.ts'
import { readTree, runLine } from './command-lines/outcome.ts'
import { fillNames, startWorld, type World } from './command-lines/world.ts'
import { tsops } from './sops.ts'

const lines = readTables()
const statuses = new Set<number>()
let world: World

beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

describe.each([...new Set(lines.map(({ table }) => table))])('%s', (table) => {
  test.for(lines.filter((line) => line.table === table).map((line) => [line.text, line] as const))(
    '%s',
    async ([, each]) => {
      const line = fillLine(each, fillNames(world.names))
      const [theirs, ours] = await Promise.all([runLine('sops', line, world), runLine('tsops', line, world)])
      statuses.add(theirs.status)
      await compareOutcomes(line, { theirs, ours, before: readTree(world.template) }, world)
    },
  )
})

// Statuses that sops 3.13.3 never exits with, or only on faults of its own, are missing.
test('every exit status of sops was seen', () => {
  const known = [0, 1, 2, 3, 4, 6, 7, 8, 23, 25, 49, 51, 91, 92, 100, 112, 128, 200, 201, 202, 203]
  expect(known.filter((status) => !statuses.has(status))).toEqual([])
})

describe.each(commands)('the flags of sops %s', (command) => {
  test('all stand in a command line', async () => {
    const given = (await Promise.all(lines.map(givenFlags))).flat().filter((each) => each.command === command)
    const names = new Set(given.flatMap((each) => each.names))
    const flags = await flagsOf(command)
    expect(flags.length).toBeGreaterThan(0)
    expect(flags.filter((flag) => !flag.names.some((name) => names.has(name)))).toEqual([])
    const variables = new Set(lines.flatMap(({ env }) => Object.keys(env)))
    expect(flags.filter(({ env }) => env !== undefined && !variables.has(env))).toEqual([])
  })

  test('are all known to ours', async () => {
    const flags = await flagsOf(command)
    const words = command.split(' ').filter((word) => word !== '')
    for (const index of [0, 1]) {
      const args = flags.flatMap(({ names, takesValue }) => {
        const name = names[index]
        return name === undefined ? [] : [`--${name}${takesValue ? '=1' : ''}`]
      })
      const { status, stdout } = await tsops([...words, ...args, '--help'])
      expect({ status, args }, stdout.toString().slice(0, 200)).toEqual({ status: 0, args })
    }
  })
})
