// SopsTransformer (tsops/v1): encrypted objects among the resources of a kustomization are decrypted where they stand.
import { ciphertextMark } from '../../src/cipher/envelope.ts'
import type { Branch } from '../../src/index.ts'
import { fieldPath, referenceOf } from '../../src/kubernetes/object.ts'
import type { Configuration, Product } from '../configuration.ts'
import { ownApiVersion } from '../own-api.ts'
import { EncryptedResources, isEncryptedResource } from '../encrypted-resource.ts'
import { attempt, inOrder, type Report } from '../finding.ts'
import { mapValues } from '../value-map.ts'
import { isSopsSecret, openSopsSecret } from './sops-secret.ts'

export const sopsTransformer: Configuration = {
  name: 'SopsTransformer',
  matches: (apiVersion, kind) => apiVersion === ownApiVersion && kind === 'SopsTransformer',
  setsMode: true,
  async transform(config, files, resources) {
    const unverified = config.word('unverified', ['refuse', 'allow']) === 'allow'
    config.finish('error')
    const opener = new EncryptedResources(files, { unverified })
    return inOrder(resources, config.report, async (resource, report): Promise<Product[]> => {
      const reference = referenceOf(resource)
      if (isSopsSecret(reference.apiVersion, reference.kind)) {
        return [...(await openSopsSecret(resource, { resources: opener, files }, report))]
      }
      if (!isEncryptedResource(resource)) {
        if (files.mode !== 'passthrough') checkNoCiphertext(resource, report)
        return [{ object: resource, place: {} }]
      }
      const opened = await attempt(report, { resource: reference }, () => opener.open(resource, report))
      return opened === undefined ? [] : [{ object: opened.object, place: { resource: reference, file: opened.file } }]
    })
  },
}

// kustomize takes the items out of a List, and a patch can take `sops` away.
function checkNoCiphertext(resource: Branch, report: Report): void {
  const message = 'it is encrypted, and the resource has no sops metadata that say how'
  mapValues(resource, (leaf, path) => {
    if (leaf.type === 'str' && leaf.value.startsWith(ciphertextMark)) {
      report.error(message, { resource: referenceOf(resource), field: fieldPath(...path) })
    }
    return leaf
  })
}
