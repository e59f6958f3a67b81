// SopsGenerator (tsops/v1): Secrets and ConfigMaps from any number of encrypted sources, in the words of kustomize's own
// secretGenerator. A key that stands in two sources is an error.
import type { Branch, Value } from '../../src/index.ts'
import { parseTreePath } from '../../src/index.ts'
import { buildConfigMap } from '../../src/kubernetes/config-map.ts'
import { itemsOf } from '../../src/kubernetes/object.ts'
import { buildSecret, type ObjectMetadata } from '../../src/kubernetes/secret.ts'
import type { Configuration, Product } from '../configuration.ts'
import { ownApiVersion } from '../own-api.ts'
import type { EncryptedFiles } from '../encrypted-files.ts'
import { openDocuments, openText } from '../encrypted-source.ts'
import {
  type Entry,
  joinEntries,
  placesOf,
  readEntries,
  readVariables,
  readWholeFiles,
  strictText,
} from '../entries.ts'
import { readLiteralEnv } from '../env-file.ts'
import type { Fields } from '../fields.ts'
import { attempt, inOrder, Refusal, type Report, together } from '../finding.ts'
import { behaviorAnnotation, behaviors, hashAnnotation } from '../generator-options.ts'
import { readManifests } from '../manifests.ts'
import { bytesOf } from './sops-secret-generator.ts'

export const sopsGenerator: Configuration = {
  name: 'SopsGenerator',
  matches: (apiVersion, kind) => apiVersion === ownApiVersion && kind === 'SopsGenerator',
  setsMode: true,
  async generate(config, files) {
    const generate =
      (kind: 'Secret' | 'ConfigMap') =>
      (section: Fields) =>
      async (report: Report): Promise<readonly Product[]> => [
        await generateObject(section.reporting(report), kind, files),
      ]
    const products = together(config.report, [
      (report) => readManifests(config.reporting(report), 'manifests', files),
      ...config.sections('secrets').map(generate('Secret')),
      ...config.sections('configMaps').map(generate('ConfigMap')),
    ])
    const isEmpty = ['manifests', 'secrets', 'configMaps'].every((name) => !config.has(name))
    if (isEmpty) config.report.error('manifests, secrets or configMaps is missing', config.place)
    config.finish('error')
    return (await products).flat()
  },
}

async function generateObject(section: Fields, kind: 'Secret' | 'ConfigMap', files: EncryptedFiles): Promise<Product> {
  const options = section.section('options')
  const metadata = readMetadata(section, options)
  const immutable = options?.flag('immutable')
  options?.finish('error')
  const type = kind === 'Secret' ? section.text('type') : undefined
  const from = section.section('from')
  if (from === undefined)
    section.report.error('from is missing: it says where the values come from', section.at('from'))
  const found = from === undefined ? [] : await readSources(from, files)
  section.finish('error')
  const entries = joinEntries(found, section.report, 'error')
  const data = [...entries.values()].map(({ key, value }) => [key, value] as const)
  const content = { metadata, immutable, data }
  const object = kind === 'Secret' ? buildSecret({ ...content, type: type ?? 'Opaque' }) : buildConfigMap(content)
  return { object, place: section.at(), keys: placesOf(entries) }
}

function readMetadata(section: Fields, options: Fields | undefined): ObjectMetadata {
  const name = section.text('name') ?? ''
  if (name === '') section.report.error('the object has no name', section.at('name'))
  const annotations = new Map(options?.textMap('annotations'))
  if (options?.flag('disableNameSuffixHash') !== true) annotations.set(hashAnnotation, 'true')
  const behavior = section.word('behavior', behaviors)
  if (behavior !== undefined) annotations.set(behaviorAnnotation, behavior)
  return { name, namespace: section.text('namespace'), labels: options?.textMap('labels'), annotations }
}

async function readSources(from: Fields, files: EncryptedFiles): Promise<readonly Entry[]> {
  const reading = together(from.report, [
    (report) => readWholeFiles(from.reporting(report), 'files', files),
    (report) => readVariables(from.reporting(report), (path, own) => readEnv(path, files, own)),
    (report) => readEntries(from.reporting(report), 'literals', (path, own) => readLiterals(path, files, own), fileOf),
    (report) => readInline(from.reporting(report), files),
  ])
  from.finish('error')
  return (await reading).flat()
}

type Pairs = readonly (readonly [string, Uint8Array])[]

async function readEnv(path: string, files: EncryptedFiles, report: Report): Promise<Pairs> {
  const text = strictText(await files.entries(path, report))
  return readLiteralEnv(text).map(([key, value]) => [key, Buffer.from(value)])
}

/** `path`, or `path#["key"]["key"]`: one entry per key of the mapping there. */
async function readLiterals(source: string, files: EncryptedFiles, report: Report): Promise<Pairs> {
  const path = fileOf(source)
  const documents = await files.documents(path, report)
  return literalsOf(documents, source.slice(path.length + 1))
}

function fileOf(source: string): string {
  const hash = source.indexOf('#[')
  return hash < 0 ? source : source.slice(0, hash)
}

/** Throws SopsError, Refusal. */
function literalsOf(documents: readonly Branch[], place: string): Pairs {
  const [document, ...others] = documents
  if (others.length > 0) throw new Refusal('literals come from a file of one document')
  const path = parseTreePath(place)
  let value: Value | undefined = document
  for (const part of path) {
    value = itemsOf(value).find(({ key }) => key === part)?.value
    if (value === undefined) throw new Refusal(`there is no ${JSON.stringify(part)} in the file`)
  }
  if (value?.type !== 'branch') throw new Refusal('literals come from a mapping')
  return itemsOf(value).map(({ key, value: found }) => {
    if (found.type === 'null') throw new Refusal(`the key ${JSON.stringify(key)} has no value`)
    return [key, bytesOf(found, key)]
  })
}

/** Encrypted texts that stand in the configuration itself. */
async function readInline(from: Fields, files: EncryptedFiles): Promise<readonly Entry[]> {
  const found = await inOrder(from.sections('inline'), from.report, async (section, report) => {
    const format = section.word('format', ['yaml', 'json', 'dotenv', 'ini', 'binary']) ?? 'yaml'
    const key = section.text('key')
    const text = section.text('text') ?? ''
    section.finish('error')
    const place = section.at('text')
    const pairs = await attempt(report, place, () =>
      files.inPool(async (): Promise<Pairs> => {
        const source = { bytes: Buffer.from(text), format }
        const options = files.options(undefined, report)
        if (key !== undefined) return [[key, await openText(source, options)]]
        if (format === 'binary') throw new Refusal('a binary text has no keys of its own: name one in `key`')
        return literalsOf(await openDocuments(source, options), '')
      }),
    )
    return (pairs ?? []).map(([name, value]) => ({ key: name, value, place }))
  })
  return found.flat()
}
