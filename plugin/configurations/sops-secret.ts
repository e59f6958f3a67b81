// SopsSecret, the custom resource of the sops-secrets-operator (isindir.github.com/v1alpha3): the Secrets that the
// operator would make in the cluster are made in the build, with a check of the MAC that the operator leaves out.
import type { Branch } from '../../src/index.ts'
import { decodeBase64 } from '../../src/kubernetes/base64.ts'
import { referenceOf, textAt } from '../../src/kubernetes/object.ts'
import { buildSecret } from '../../src/kubernetes/secret.ts'
import type { Configuration, Product } from '../configuration.ts'
import type { EncryptedFiles } from '../encrypted-files.ts'
import { EncryptedResources, isEncryptedResource } from '../encrypted-resource.ts'
import { Fields } from '../fields.ts'
import { attempt, type Place, type Report } from '../finding.ts'

export const sopsSecret: Configuration = {
  name: 'SopsSecret',
  matches: isSopsSecret,
  setsMode: false,
  async generate(config, files) {
    const resources = new EncryptedResources(files, { unverified: false })
    return openSopsSecret(config.branch, { resources, files }, config.report)
  },
}

export function isSopsSecret(apiVersion: string, kind: string): boolean {
  return apiVersion.startsWith('isindir.github.com/') && kind === 'SopsSecret'
}

export interface Opener {
  readonly resources: EncryptedResources
  readonly files: EncryptedFiles
}

/** The Secrets of one SopsSecret. */
export async function openSopsSecret(
  resource: Branch,
  { resources, files }: Opener,
  report: Report,
): Promise<readonly Product[]> {
  const place = { resource: referenceOf(resource) }
  if (!isEncryptedResource(resource)) {
    report.error('sops metadata not found: the SopsSecret is not encrypted', { ...place, field: 'sops' })
    return []
  }
  const opened = await attempt(report, place, () => resources.open(resource, report))
  if (opened === undefined) return []
  if (files.mode === 'passthrough') return [{ object: opened.object, place }]
  return expand(opened.object, report, { ...place, file: opened.file })
}

function expand(object: Branch, report: Report, place: Place): readonly Product[] {
  const spec = new Fields(object, report, place).section('spec')
  if (spec?.flag('suspend') === true) {
    report.warn('it is suspended: no Secret is made', { ...place, field: 'spec.suspend' })
    return []
  }
  const templates = spec?.sections('secretTemplates') ?? []
  if (templates.length === 0) report.error('there is no template', { ...place, field: 'spec.secretTemplates' })
  const namespace = textAt(object, 'metadata', 'namespace')
  return templates.map((template) => fillTemplate(template, namespace))
}

function fillTemplate(template: Fields, namespace: string | undefined): Product {
  const name = template.text('name') ?? ''
  if (name === '') template.report.error('the Secret has no name', template.at('name'))
  const data = template.textMap('data').flatMap(([key, value]) => {
    const bytes = decodeBase64(value)
    if (bytes !== undefined) return [[key, bytes] as const]
    template.report.error('it is not base64: clear text belongs under stringData', template.at('data', key))
    return []
  })
  const metadata = {
    name,
    namespace,
    labels: template.textMap('labels'),
    annotations: template.textMap('annotations'),
  }
  const type = template.text('type') ?? 'Opaque'
  const object = buildSecret({ metadata, type, data, stringData: template.textMap('stringData') })
  template.finish('warning')
  return { object, place: template.at() }
}
