// The ResourceList that an orchestrator hands over and takes back (KRM functions specification v1). It comes as YAML or
// JSON and goes as JSON: there a text is a text, whichever YAML the reader speaks.
import { SopsError } from '../src/errors.ts'
import type { Branch, Value } from '../src/index.ts'
import { fieldOf, mapping, text, textAt } from '../src/kubernetes/object.ts'
import { emitJson } from '../src/stores/json/emit.ts'
import { storeFor } from '../src/stores/registry.ts'
import { withMetadata } from './encrypted-source.ts'
import { type Finding, Refusal } from './finding.ts'

export interface ResourceList {
  readonly apiVersion: string
  readonly items: readonly Branch[]
  readonly functionConfig: Branch | undefined
}

const versions = ['v1', 'v1beta1', 'v1alpha1'].map((version) => `config.kubernetes.io/${version}`)

export const emptyList: ResourceList = {
  apiVersion: 'config.kubernetes.io/v1',
  items: [],
  functionConfig: undefined,
}

/** Throws Refusal. */
export function parseResourceList(bytes: Uint8Array): ResourceList {
  const [list, ...others] = parseDocuments(bytes)
  const apiVersion = textAt(list, 'apiVersion') ?? ''
  if (textAt(list, 'kind') !== 'ResourceList' || others.length > 0) throw new Refusal('the input is no ResourceList')
  if (!versions.includes(apiVersion)) {
    throw new Refusal(`the apiVersion of the ResourceList must be one of ${versions.join(', ')}`)
  }
  const items = fieldOf(list, 'items')
  if (items !== undefined && items.type !== 'list' && items.type !== 'null') throw new Refusal('items is not a list')
  const functionConfig = fieldOf(list, 'functionConfig')
  return {
    apiVersion,
    items: items?.type === 'list' ? items.items.filter(isNotComment).map(objectOf) : [],
    functionConfig:
      functionConfig === undefined || functionConfig.type === 'null' ? undefined : objectOf(functionConfig),
  }
}

/** The documents of a YAML or JSON text, each with its metadata. Throws Refusal. */
export function parseDocuments(bytes: Uint8Array): readonly Branch[] {
  const start = bytes.find((byte) => byte > 0x20)
  // YAML holds JSON, but not every JSON: a tab may stand anywhere in it.
  const store = storeFor(start === '{'.charCodeAt(0) ? 'json' : 'yaml')
  try {
    const document = store?.parse(bytes)
    const { branches = [], metadata } = document ?? {}
    return branches.map((each) => withMetadata(each, metadata))
  } catch (error) {
    if (error instanceof SopsError) throw new Refusal(`the input does not parse: ${error.message}`)
    throw error
  }
}

function isNotComment(value: Value): boolean {
  return value.type !== 'comment'
}

function objectOf(value: Value): Branch {
  if (value.type === 'branch') return value
  throw new Refusal('an item of the ResourceList is not an object')
}

/** `findings`: as results. Throws SopsError for a number that JSON has no spelling for. */
export function emitResourceList(list: ResourceList, findings: readonly Finding[]): string {
  const results: Value = { type: 'list', items: findings.map(resultOf) }
  const tree = mapping([
    ['apiVersion', text(list.apiVersion)],
    ['kind', text('ResourceList')],
    ['items', { type: 'list', items: list.items }],
    ['functionConfig', list.functionConfig],
    ['results', findings.length === 0 ? undefined : results],
  ])
  return `${emitJson(tree, compact, '')}\n`
}

/** One object as JSON on one line. */
export function emitObject(object: Branch): string {
  return emitJson(object, compact, '')
}

const compact = { newline: '', unit: '', gap: '', colon: ':' }

function resultOf({ message, severity, file, index, field, resource }: Finding): Branch {
  const count = index === undefined ? undefined : ({ type: 'int', value: BigInt(index) } as const)
  return mapping([
    ['message', text(message)],
    ['severity', text(severity)],
    [
      'resourceRef',
      resource && mapping(Object.entries(resource).map(([key, value]) => [key, text(String(value))] as const)),
    ],
    ['field', field === undefined ? undefined : mapping([['path', text(field)]])],
    [
      'file',
      file === undefined
        ? undefined
        : mapping([
            ['path', text(file)],
            ['index', count],
          ]),
    ],
  ])
}
