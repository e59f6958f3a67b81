// YAML as sops 3.13.3 reads it. A text keeps its layout; only a tree without one is printed.
import type { Branch, Comment, Value } from '../tree/types.ts'
import { hasReservedKey } from './section.ts'
import type { Layout, Section, Store } from './types.ts'
import { parseYaml } from './yaml/document.ts'
import { emitYaml, emitYamlValue } from './yaml/emit.ts'

const encoder = new TextEncoder()

export const yaml: Store = {
  name: 'yaml',
  extensions: ['.yaml', '.yml'],
  singleValue: false,
  textOnly: false,
  parse: parseYaml,
  hasReservedKey,
  emit(branches: readonly Branch[], layout: Layout, section?: Section): Uint8Array {
    const comment = section?.layout === undefined ? undefined : `tsops_layout: ${section.layout}`
    return encoder.encode(emitYaml(branches, layout.indent, section?.metadata, comment))
  },
  emitValue: (value: Exclude<Value, Comment>): Uint8Array => encoder.encode(emitYamlValue(value)),
}
