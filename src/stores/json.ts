// JSON as sops 3.13.3 reads and prints it: order and duplicate keys stay, the top level is an object.

import { SopsError } from '../errors.ts'
import type { Branch, Comment, Value } from '../tree/types.ts'
import { JsonDocument } from './json/document.ts'
import { emitJson, styleOf } from './json/emit.ts'
import { appendSection, hasReservedKey, withLayout } from './section.ts'
import { readSource, writeSource } from './source.ts'
import type { Document, Layout, Section, Store } from './types.ts'

export const json: Store = {
  name: 'json',
  extensions: ['.json'],
  singleValue: false,
  textOnly: false,
  parse: (bytes: Uint8Array): Document => new JsonDocument(readSource(bytes)),
  hasReservedKey,
  emit(branches: readonly Branch[], layout: Layout, section?: Section): Uint8Array {
    const [root] = section ? appendSection(branches, withLayout(section)) : branches
    if (!root) throw new SopsError('ERR_SOPS_EMIT', 'Error marshaling to json: there is no document')
    return writeSource(`${emitJson(root, styleOf(layout), '')}\n`)
  },
  emitValue: (value: Exclude<Value, Comment>, layout: Layout): Uint8Array =>
    writeSource(emitJson(value, styleOf(layout), '')),
}
