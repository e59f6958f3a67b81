import { expect, test } from 'vitest'
import { joinDocuments } from '../../src/cli/join-documents.ts'

test.for([
  [['a: 1\n', 'b: 2\n'], 'a: 1\n---\nb: 2\n'],
  [['a: 1', 'b: 2'], 'a: 1\n---\nb: 2\n'],
  [['---\na: 1\n', '---\nb: 2\n'], '---\na: 1\n---\nb: 2\n'],
  [['a: 1\n', '# c\n\n--- # d\nb: 2\n'], 'a: 1\n# c\n\n--- # d\nb: 2\n'],
  [['a: 1\n', '----: 2\n'], 'a: 1\n---\n----: 2\n'],
  [['a: 1\n', '%YAML 1.2\n---\nb: 2\n'], 'a: 1\n...\n%YAML 1.2\n---\nb: 2\n'],
  [['\ufeffa: 1\n', '\ufeffb: 2\n'], '\ufeffa: 1\n---\nb: 2\n'],
  [['', 'a: 1\n', ''], 'a: 1\n'],
] as const)('%j', ([texts, joined]) => {
  expect(joinDocuments(texts.map((text) => Buffer.from(text))).toString()).toBe(joined)
})
