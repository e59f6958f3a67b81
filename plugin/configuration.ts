// What a kind of configuration is to the function. One file each in configurations/, one line each in the registry.
import type { Branch } from '../src/index.ts'
import type { EncryptedFiles } from './encrypted-files.ts'
import type { Fields } from './fields.ts'
import type { Place } from './finding.ts'

/** An object that the function made or decrypted. */
export interface Product {
  readonly object: Branch
  readonly place: Place
  /** Which source each key of its data came from. */
  readonly keys?: ReadonlyMap<string, Place>
}

export interface Configuration {
  /** For messages. */
  readonly name: string
  readonly matches: (apiVersion: string, kind: string) => boolean
  /** Whether it may set `mode`: those of other projects have no such field. */
  readonly setsMode: boolean
  /** Gives objects of its own. Reports instead of throwing. */
  generate?(config: Fields, files: EncryptedFiles): Promise<readonly Product[]>
  /** Gives what takes the resources' places. Reports instead of throwing. */
  transform?(config: Fields, files: EncryptedFiles, resources: readonly Branch[]): Promise<readonly Product[][]>
}
