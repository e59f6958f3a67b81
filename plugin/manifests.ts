// Files of whole Kubernetes objects, as a configuration lists them.
import type { Product } from './configuration.ts'
import type { EncryptedFiles } from './encrypted-files.ts'
import type { Fields } from './fields.ts'
import { attempt, inOrder } from './finding.ts'

/** The objects in the files that a field lists, in their order. */
export async function readManifests(config: Fields, field: string, files: EncryptedFiles): Promise<readonly Product[]> {
  const products = await inOrder(config.texts(field), config.report, async (file, report, index) => {
    const documents = await attempt(report, { ...config.at(field, index), file }, () => files.manifests(file, report))
    return (documents ?? []).flatMap((object, document): Product[] =>
      object.items.length === 0 ? [] : [{ object, place: { file, index: document } }],
    )
  })
  return products.flat()
}
