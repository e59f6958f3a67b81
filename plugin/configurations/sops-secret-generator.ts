// SopsSecretGenerator (goabout.com/v1beta1, 1.6): one Secret from whole files and from files of entries, named by the
// configuration itself.
import type { Scalar, Value } from '../../src/index.ts'
import { itemsOf } from '../../src/kubernetes/object.ts'
import { buildSecret } from '../../src/kubernetes/secret.ts'
import { scalarText } from '../../src/stores/scalar-text.ts'
import { storeForPath } from '../../src/stores/registry.ts'
import type { Configuration } from '../configuration.ts'
import type { EncryptedFiles } from '../encrypted-files.ts'
import { joinEntries, placesOf, readEntries, readWholeFiles, strictText } from '../entries.ts'
import { readLiteralEnv } from '../env-file.ts'
import type { Fields } from '../fields.ts'
import { Refusal, type Report, together } from '../finding.ts'
import { behaviorAnnotation, hashAnnotation, isOwnAnnotation } from '../generator-options.ts'

// Its first releases called the kind SopsSecret. It refuses every other kind and version.
const kinds: readonly string[] = ['SopsSecretGenerator', 'SopsSecret']

export const sopsSecretGenerator: Configuration = {
  name: 'SopsSecretGenerator',
  matches: (apiVersion, kind) => apiVersion === 'goabout.com/v1beta1' && kinds.includes(kind),
  setsMode: false,
  async generate(config, files) {
    const metadata = readMetadata(config)
    const type = config.text('type')
    const reading = together(config.report, [
      (report) => readEntries(config.reporting(report), 'envs', (path, own) => readFileEntries(path, files, own)),
      (report) => readWholeFiles(config.reporting(report), 'files', files, {}),
    ])
    config.finish('warning')
    const entries = joinEntries((await reading).flat(), config.report, 'warning')
    const data = [...entries.values()].map(({ key, value }) => [key, value] as const)
    return [{ object: buildSecret({ metadata, type, data }), place: config.place, keys: placesOf(entries) }]
  },
}

function readMetadata(config: Fields): {
  name: string
  namespace: string | undefined
  labels: readonly (readonly [string, string])[]
  annotations: readonly (readonly [string, string])[]
} {
  const metadata = config.section('metadata')
  const name = metadata?.text('name') ?? ''
  if (name === '') config.report.error('the Secret has no name', config.at('metadata', 'name'))
  const annotations = (metadata?.textMap('annotations') ?? []).filter(([key]) => !isOwnAnnotation(key))
  const behavior = config.text('behavior')
  if (config.flag('disableNameSuffixHash') !== true) annotations.push([hashAnnotation, 'true'])
  if (behavior !== undefined && behavior !== '') annotations.push([behaviorAnnotation, behavior])
  return { name, namespace: metadata?.text('namespace'), labels: metadata?.textMap('labels') ?? [], annotations }
}

async function readFileEntries(path: string, files: EncryptedFiles, report: Report): Promise<[string, Uint8Array][]> {
  const format = storeForPath(path).name
  if (format === 'dotenv') {
    const text = strictText(await files.entries(path, report))
    return readLiteralEnv(text).map(([key, value]) => [key, Buffer.from(value)])
  }
  if (format !== 'yaml' && format !== 'json')
    throw new Refusal(`entries are read from dotenv, YAML or JSON, not ${format}`)
  const [document] = await files.documents(path, report)
  return itemsOf(document).map(({ key, value }) => [key, bytesOf(value, key)])
}

/** Throws Refusal for what holds more than one value. */
export function bytesOf(value: Value, key: string): Uint8Array {
  if (!isScalar(value)) throw new Refusal(`the key ${JSON.stringify(key)} holds more than one value`)
  if (value.type === 'bytes') return value.value
  return Buffer.from(value.type === 'null' ? '' : scalarText(value))
}

function isScalar(value: Value): value is Scalar {
  return value.type !== 'branch' && value.type !== 'list' && value.type !== 'comment'
}
