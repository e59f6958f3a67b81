// INI as sops 3.13.3 reads and prints it, through gopkg.in/ini.v1: every value is a string, DEFAULT is always there.

import type { Branch, Comment, Value } from '../tree/types.ts'
import { flatSection, IniDocument } from './ini/document.ts'
import { defaultSection, emitIni } from './ini/emit.ts'
import { toGoValue } from './ini/go-value.ts'
import { emitJson } from './json/emit.ts'
import { appendSection, hasReservedKey } from './section.ts'
import { readSource, writeSource } from './source.ts'
import type { Document, Layout, Section, Store } from './types.ts'

export const ini: Store = {
  name: 'ini',
  extensions: ['.ini'],
  singleValue: false,
  textOnly: true,
  impliedItem: defaultSection,
  parse: (bytes: Uint8Array): Document => new IniDocument(readSource(bytes)),
  hasReservedKey,
  emit: (branches: readonly Branch[], _layout: Layout, section?: Section): Uint8Array =>
    writeSource(emitIni(section ? appendSection(branches, flatSection(section)) : branches)),
  emitValue: (value: Exclude<Value, Comment>): Uint8Array =>
    writeSource(emitJson(toGoValue(value), { newline: '', unit: '', gap: '', colon: ':' }, '')),
}
