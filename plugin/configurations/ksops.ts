// ksops (viaduct.ai, 4.5): the same objects for the same configuration. It looks at neither apiVersion nor kind closely.
import { buildSecret, type ObjectMetadata } from '../../src/kubernetes/secret.ts'
import type { Configuration, Product } from '../configuration.ts'
import type { EncryptedFiles } from '../encrypted-files.ts'
import { type Entry, joinEntries, placesOf, readVariables, readWholeFiles, strictText } from '../entries.ts'
import { readGodotenv } from '../env-file.ts'
import type { Fields } from '../fields.ts'
import { Refusal, type Report, together } from '../finding.ts'
import { readManifests } from '../manifests.ts'

export const ksops: Configuration = {
  name: 'ksops',
  matches: (apiVersion, kind) => apiVersion.startsWith('viaduct.ai/') || kind === 'ksops',
  setsMode: false,
  async generate(config, files) {
    if (!config.has('files') && !config.has('secretFrom')) {
      config.report.error('files or secretFrom is missing', config.place)
    }
    const products = together(config.report, [
      (report) => readManifests(config.reporting(report), 'files', files),
      ...config
        .sections('secretFrom')
        .map((section) => async (report: Report): Promise<readonly Product[]> => [
          await generateSecret(section.reporting(report), files),
        ]),
    ])
    config.finish('warning')
    return (await products).flat()
  },
}

async function generateSecret(section: Fields, files: EncryptedFiles): Promise<Product> {
  const { report } = section
  const metadata = readMetadata(section)
  const type = section.text('type')
  const reading = together(report, [
    (inner) => readWholeFiles(section.reporting(inner), 'files', files, {}),
    (inner) => readWholeFiles(section.reporting(inner), 'binaryFiles', files, {}),
    (inner) => readVariables(section.reporting(inner), (path, own) => readEnv(path, files, own)),
  ])
  section.finish('warning')
  const [texts = [], binaries = [], variables = []] = await reading
  const clear = joinEntries([...texts, ...variables], report, 'warning')
  const encoded = joinEntries(binaries, report, 'warning')
  warnOfBoth(clear, encoded, report)
  const stringData = [...clear.values()].map((entry) => [entry.key, textOf(entry, report)] as const)
  const data = [...encoded.values()].map(({ key, value }) => [key, value] as const)
  const object = buildSecret({ metadata, type, stringData: stringData.toSorted(byKey), data: data.toSorted(byKey) })
  return { object, place: section.at(), keys: placesOf(encoded, clear) }
}

/** What ksops takes over into the Secret. */
function readMetadata(section: Fields): ObjectMetadata {
  const metadata = section.section('metadata')
  const name = metadata?.text('name') ?? ''
  if (name === '') section.report.error('the Secret has no name', section.at('metadata', 'name'))
  const found = {
    name,
    namespace: metadata?.text('namespace'),
    labels: metadata?.textMap('labels'),
    annotations: metadata?.textMap('annotations'),
  }
  metadata?.finish('warning')
  return found
}

async function readEnv(path: string, files: EncryptedFiles, report: Report): Promise<[string, Uint8Array][]> {
  const text = strictText(await files.entries(path, report))
  return [...readGodotenv(text)].map(([key, value]) => [key, Buffer.from(value)])
}

function warnOfBoth(clear: ReadonlyMap<string, Entry>, encoded: ReadonlyMap<string, Entry>, report: Report): void {
  for (const [key, { place }] of encoded) {
    if (clear.has(key)) report.warn(`the key ${JSON.stringify(key)} stands in another file, too, which counts`, place)
  }
}

function textOf({ value, place }: Entry, report: Report): string {
  try {
    return strictText(value)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    report.error(`${error.message}: list it under binaryFiles`, place)
    return ''
  }
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0
}
