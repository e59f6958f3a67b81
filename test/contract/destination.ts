// What every destination must keep to, whatever its kind.
import { beforeEach, describe, expect, test } from 'vitest'
import type { Destination, DestinationKind, Outcome, World } from '../../src/destinations/types.ts'
import { ConfigError, SopsError } from '../../src/errors.ts'
import type { Host } from '../../src/host.ts'
import type { Branch, Value } from '../../src/tree/types.ts'
import { Shape } from '../../src/config/shape.ts'

/** The fields of a destination rule. */
export type Fields = Readonly<Record<string, string | number | boolean>>

export interface DestinationFixture {
  readonly rule: Fields
  /** Rules that cannot be followed, each the good one with some fields changed. */
  readonly badRules: readonly Fields[]
  /** A rule whose place the server does not have, or does not let this user use. */
  readonly elsewhere: Fields
  readonly uri: string
  /** Hosts: with what it takes, with nothing, with a credential that is refused, with a server that is not there. */
  readonly host: () => Host
  readonly emptyHost: () => Host
  readonly wrongHost: () => Host
  readonly deadHost: () => Host
  /** What the server holds for `app.yaml`, oldest first. */
  readonly stored: () => readonly string[]
  /** How many requests the server has had. */
  readonly requests: () => number
  /** Forgets all. */
  readonly reset: () => void
  /** From now on nothing can be read; undefined: nothing is ever read. */
  readonly forbidReading: (() => void) | undefined
  /** Texts that no error may show. */
  readonly secrets: readonly string[]
}

export function fieldsOf(fields: Fields): Shape {
  const value = (field: string | number | boolean): Value => {
    if (typeof field === 'number') return { type: 'int', value: BigInt(field) }
    return typeof field === 'boolean' ? { type: 'bool', value: field } : { type: 'str', value: field }
  }
  const items = Object.entries(fields).map(([key, field]) => ({ type: 'item', key, value: value(field) }) as const)
  return new Shape({ type: 'branch', items }, 'destination_rules[0]', '.sops.yaml')
}

const marker = 'Canary7Value'
const text = (value: string): Value => ({ type: 'str', value })
const item = (key: string, value: Value): Branch['items'][number] => ({ type: 'item', key, value })

/** Two documents with what is hard to carry: comments, integers of 64 bits, maps in lists, equal keys. */
export const sample: readonly Branch[] = [
  {
    type: 'branch',
    items: [
      { type: 'comment', value: marker, inline: false },
      item('zulu', text(marker)),
      item('list', {
        type: 'list',
        items: [
          { type: 'comment', value: marker, inline: false },
          { type: 'branch', items: [item('in', text('list')), item('twice', text('a')), item('twice', text('b'))] },
        ],
      }),
      item('big', { type: 'int', value: 9_007_199_254_740_993n }),
      item('float', { type: 'float', value: 1.5 }),
      item('null', { type: 'null' }),
    ],
  },
  {
    type: 'branch',
    items: [item('zulu', text('<"\\\u2028é')), item('time', { type: 'time', value: '2024-01-01T00:00:00Z' })],
  },
]

/** The same as it must arrive. */
export const sampleText =
  '{"big":9007199254740993,"float":1.5,"list":[{"in":"list","twice":"b"}],"null":null,' +
  '"time":"2024-01-01T00:00:00Z","zulu":"<\\"\\\\\u2028é"}'

export interface Heard {
  readonly world: World
  readonly warnings: string[]
  readonly infos: string[]
}

export function hear(host: Host): Heard {
  const warnings: string[] = []
  const infos: string[] = []
  const world = {
    host,
    warn: (line: string): void => void warnings.push(line),
    inform: (line: string): void => void infos.push(line),
  }
  return { world, warnings, infos }
}

const name = 'app.yaml'

function upload(destination: Destination, world: World, content: string): Promise<Outcome> {
  if (destination.takes === 'file') return destination.upload(name, Buffer.from(content), world)
  return destination.upload(name, [{ type: 'branch', items: [item('a', text(content))] }], world)
}

export function testDestination(kind: DestinationKind, fixture: DestinationFixture): void {
  const destination = kind.open(fieldsOf(fixture.rule))

  async function failureOf(host: Host, place: Destination = destination): Promise<SopsError> {
    const { world, warnings, infos } = hear(host)
    const error: unknown = await upload(place, world, marker).catch((thrown: unknown) => thrown)
    if (!(error instanceof SopsError)) throw new Error('it did not fail as it should', { cause: error })
    expect(['ERR_SOPS_DESTINATION', 'ERR_SOPS_CONFIG_INVALID']).toContain(error.code)
    const said = [error.message, error.hint ?? '', ...warnings, ...infos].join('\n')
    for (const secret of [...fixture.secrets, marker, Buffer.from(marker).toString('base64')]) {
      expect(said).not.toContain(secret)
    }
    return error
  }

  describe(`${kind.kind}: the contract of destinations`, () => {
    beforeEach(() => fixture.reset())

    test('names are spelled as sops spells them', () => {
      for (const field of kind.fields) expect(field).toMatch(/^[a-z0-9_]+$/)
      expect(Object.keys(fixture.rule).every((field) => kind.fields.includes(field))).toBe(true)
      expect(fixture.rule[kind.fields[0]]).toBeDefined()
    })

    test('the user is asked about the whole place', () => {
      expect(destination.uri(name, fixture.host())).toBe(fixture.uri)
      expect(destination.uri('dir/other.yaml', fixture.host())).not.toBe(fixture.uri)
    })

    test.each(fixture.badRules.map((fields) => [fields]))('a rule with %j is refused', async (fields) => {
      const attempt = async (): Promise<unknown> => {
        const opened = kind.open(fieldsOf({ ...fixture.rule, ...fields }))
        return upload(opened, hear(fixture.host()).world, 'x')
      }
      await expect(attempt()).rejects.toBeInstanceOf(ConfigError)
      expect(fixture.requests()).toBe(0)
    })

    test('what is uploaded is there', async () => {
      const { world, warnings } = hear(fixture.host())
      if (destination.takes === 'file') {
        const bytes = Buffer.from(`a: ENC[é\n${'x'.repeat(3 << 20)}`)
        expect(await destination.upload(name, bytes, world)).toBe('written')
        expect(fixture.stored()).toEqual([bytes.toString()])
      } else {
        expect(await destination.upload(name, sample, world)).toBe('written')
        expect(fixture.stored()).toEqual([sampleText])
      }
      expect(warnings).toEqual([])
    })

    if (destination.takes === 'values') {
      test('what is there already is not written again, what is new is', async () => {
        const { world, infos } = hear(fixture.host())
        await destination.upload(name, sample, world)
        expect(await destination.upload(name, sample, world)).toBe('unchanged')
        expect(fixture.stored()).toHaveLength(1)
        expect(infos).toEqual([expect.stringMatching(/^Secret in .*app.* is already up-to-date\.$/)])
        expect(await upload(destination, world, 'new')).toBe('written')
        expect(fixture.stored()).toEqual([sampleText, '{"a":"new"}'])
      })

      test('a change that doubles do not see is one', async () => {
        const { world } = hear(fixture.host())
        const number = (value: bigint): Branch[] => [{ type: 'branch', items: [item('n', { type: 'int', value })] }]
        await destination.upload(name, number(9_007_199_254_740_993n), world)
        expect(await destination.upload(name, number(9_007_199_254_740_992n), world)).toBe('written')
      })

      test.each([
        ['bytes', { type: 'bytes', value: Buffer.of(0xff) }],
        ['infinity', { type: 'float', value: Infinity }],
      ] as const)('%s are refused before anything is sent', async (_, value) => {
        const { world } = hear(fixture.host())
        const branches: Branch[] = [{ type: 'branch', items: [item('a', { type: 'list', items: [value] })] }]
        await expect(destination.upload(name, branches, world)).rejects.toMatchObject({
          code: 'ERR_SOPS_EMIT',
          message: expect.stringMatching(/^a\.0: /) as string,
        })
        expect(fixture.requests()).toBe(0)
      })

      test('whoever may not read may still write, and is told', async () => {
        fixture.forbidReading?.()
        const { world, warnings } = hear(fixture.host())
        expect(await destination.upload(name, sample, world)).toBe('written')
        expect(await destination.upload(name, sample, world)).toBe('written')
        expect(warnings).toHaveLength(2)
        expect(warnings[0]).toMatch(/^Cannot check if destination secret already exists in .*app/)
      })

      test('the place of a value is known', () => {
        expect(destination.locate(name, 'zulu', fixture.host())).toMatchObject({
          secret: expect.stringContaining('app') as string,
          property: 'zulu',
        })
      })
    }

    test('without credentials', () => failureOf(fixture.emptyHost()))

    test('with credentials that are refused', async () => {
      await failureOf(fixture.wrongHost())
      expect(fixture.stored()).toEqual([])
    })

    test('a server that is not there', () => failureOf(fixture.deadHost()))

    test('a place that is not there, or not theirs', async () => {
      await failureOf(fixture.host(), kind.open(fieldsOf({ ...fixture.rule, ...fixture.elsewhere })))
      expect(fixture.stored()).toEqual([])
    })
  })
}
