// Questions for yaml-emit.go and yaml-resolve.go: one JSON value a line.
//
//	node test/run.mjs test/vectors/make/yaml-values.ts emit 250
//	node test/run.mjs test/vectors/make/yaml-values.ts resolve 900
import fc from 'fast-check'
import { branches, soundText } from '../../stores/yaml/random-tree.ts'
import { spellTree } from '../../stores/yaml/spelled-tree.ts'

const [question = 'emit', count = '250'] = process.argv.slice(2)
const options = { numRuns: Number(count), seed: 20240101 }

const indents = [0, 2, 3, 1, 9]

function emitQuestions(): unknown[] {
  const documents = fc.array(
    fc.boolean().chain((commented) => branches(soundText, commented)),
    { minLength: 1, maxLength: 2 },
  )
  const keepsTogether = fc.sample(documents, options)
  return keepsTogether.map((trees, index) => ({
    documents: trees.map(spellTree),
    indent: indents[index % indents.length],
  }))
}

const texts = [
  ...[
    'true',
    'True',
    'TRUE',
    'tRue',
    'false',
    'null',
    '~',
    '',
    'Null',
    '.inf',
    '-.Inf',
    '+.INF',
    '.nan',
    '.NaN',
    '+.nan',
  ],
  ...[
    '<<',
    'yes',
    'no',
    'y',
    'on',
    'off',
    '=',
    'inf',
    'NaN',
    '0x',
    '0o',
    '0b',
    '-0b',
    '0b-',
    '0o+',
    '9223372036854775807',
  ],
  ...[
    '9223372036854775808',
    '-9223372036854775808',
    '-9223372036854775809',
    '18446744073709551615',
    '+9223372036854775808',
  ],
  ...[
    '18446744073709551616',
    '0x7fffffffffffffff',
    '0xffffffffffffffff',
    '0x10000000000000000',
    '01777777777777777777777',
  ],
  ...[
    '02000000000000000000000',
    '1e308',
    '1e309',
    '1.7976931348623159e308',
    '-0',
    '-0.0',
    '+0',
    '0_',
    '1__2',
    '_1',
    '.5',
  ],
  ...['-.5', '.5e3', '.1_0', '.1__0', '.1_', '._1', '.e1', '.5e1_0', '5.', '5.e2', '1:30', '190:20:30', '0o17', '0o18'],
  ...[
    `0b${'1'.repeat(64)}`,
    `0b${'1'.repeat(65)}`,
    '-0b101',
    '0b-101',
    '0b+1',
    '0o-7',
    '-0o7',
    '0B-1',
    '+0b1',
    '08',
    '1E5',
  ],
  ...['09.5', '0x1.8p3', '1e', '1e+', '0_x1F', '2001-02-29', '2000-02-29', '1900-02-29', '0000-02-29', '2001-04-31'],
  ...['2001-12-14t21:59:43.10-05:00', '2001-12-14 21:59:43.10 -5', '2001-12-14 21:59:43.10', '2001-12-14   1:2:3'],
  ...['2001-12-14T1:2:3Z', '2001-12-14T1:2:3', '2001-12-14 1:2:3Z', '2001-1-1T0:0:0+24:60', '2001-1-1T0:0:0+00:00'],
  ...['2001-1-1T0:0:0-00:00', '2001-1-1T0:0:0+25:00', '2001-1-1T0:0:0,5Z', '2001-1-1T0:0:0.1234567891Z', '2001-1-1 '],
  ...[
    '2001-1-1T24:0:0Z',
    '2001-1-1T0:60:0Z',
    '2001-1-1T0:0:60Z',
    '2001-1-1T',
    '2001-1-',
    '2001-1-1T0:0:0.Z',
    '2001-1-1',
  ],
  ...[
    'aGk=',
    'aGk',
    'aG k=',
    'aGk=\n',
    '/+==',
    'gICA',
    '/w==',
    '77u/YQ==',
    'aGl=',
    '====',
    'YQ==YQ==',
    'foo',
    '12',
    '1.5',
  ],
]
const tags = [
  '!!str',
  '!!int',
  '!!float',
  '!!bool',
  '!!null',
  '!!timestamp',
  '!!binary',
  '!!merge',
  '!!map',
  '!foo',
  '!',
]

function resolveQuestions(): unknown[] {
  const made = fc.array(fc.constantFrom(...Array.from('0123456789+-._eExoObBaT:tZ ')), { minLength: 1, maxLength: 9 })
  const text = fc.oneof(
    fc.constantFrom(...texts),
    made.map((letters) => letters.join('')),
  )
  const tag = fc.oneof({ weight: 2, arbitrary: fc.constant('') }, fc.constantFrom(...tags, 'tag:yaml.org,2002:int'))
  const untagged = texts.map((plainText) => ({ text: plainText, plain: true, tag: '' }))
  return [...untagged, ...fc.sample(fc.record({ text, plain: fc.boolean(), tag }), options)]
}

const questions = question === 'emit' ? emitQuestions() : resolveQuestions()
process.stdout.write(questions.map((asked) => `${JSON.stringify(asked)}\n`).join(''))
