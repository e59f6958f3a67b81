// The function itself: a ResourceList in, a ResourceList and findings out. On a failure nothing decrypted comes out.
import { configurations } from './configurations/registry.ts'
import type { Branch } from '../src/index.ts'
import { itemsOf, fieldAt, referenceOf, textAt } from '../src/kubernetes/object.ts'
import type { Configuration, Product } from './configuration.ts'
import { EncryptedFiles } from './encrypted-files.ts'
import { Fields } from './fields.ts'
import { attempt, type Finding, Refusal, Report, together } from './finding.ts'
import { checkProduct } from './product-check.ts'
import type { ResourceList } from './resource-list.ts'
import { type Mode, modes, readSettings, type Settings } from './settings.ts'
import type { World } from './world.ts'

export interface Outcome {
  readonly items: readonly Branch[]
  readonly findings: readonly Finding[]
  readonly failed: boolean
}

/** Never throws for what a user can cause. */
export async function processList(list: ResourceList, world: World): Promise<Outcome> {
  const report = new Report()
  const items = await attempt(report, {}, () => run(list, world, report))
  const { findings, failed } = report
  return { items: failed ? [] : (items ?? []), findings, failed }
}

interface Task {
  readonly config: Branch
  readonly configuration: Configuration
}

async function run(list: ResourceList, world: World, report: Report): Promise<readonly Branch[]> {
  const settings = readSettings(world.host)
  const tasks = findTasks(list)
  const known = new Set(tasks.map(({ config }) => config))
  const resources = list.items.filter((item) => !known.has(item) && !isTwin(item, list.functionConfig))
  const products = await together(
    report,
    tasks.map((task) => (inner) => runTask(task, { list, resources, settings, world }, inner)),
  )
  const transforms = tasks.some(({ configuration }) => configuration.transform !== undefined)
  return [...(transforms ? [] : resources), ...products.flat()]
}

/** The configurations to run: the functionConfig, or else those among the items, as ksops has it. Throws Refusal. */
function findTasks({ functionConfig, items }: ResourceList): readonly Task[] {
  const own = functionConfig && configurationOf(functionConfig)
  if (functionConfig && own) return [{ config: functionConfig, configuration: own }]
  const tasks = items.flatMap((config): Task[] => {
    const configuration = configurationOf(config)
    return configuration === undefined ? [] : [{ config, configuration }]
  })
  if (tasks.length > 0) return tasks
  const names = configurations.map(({ name }) => name).join(', ')
  if (functionConfig === undefined) throw new Refusal(`there is no configuration: one of ${names} is expected`)
  const { apiVersion, kind } = referenceOf(functionConfig)
  throw new Refusal(`${apiVersion} ${kind} is no configuration of this function, which knows ${names}`, {
    field: 'functionConfig',
  })
}

function configurationOf(object: Branch): Configuration | undefined {
  const { apiVersion, kind } = referenceOf(object)
  return configurations.find(({ matches }) => matches(apiVersion, kind))
}

// kustomize gives a generator its own configuration as an item, too (fnplugin.go), and takes what is returned for more.
function isTwin(item: Branch, config: Branch | undefined): boolean {
  if (config === undefined) return false
  const [a, b] = [referenceOf(item), referenceOf(config)]
  return a.apiVersion === b.apiVersion && a.kind === b.kind && a.name === b.name && a.namespace === b.namespace
}

interface Surroundings {
  readonly list: ResourceList
  readonly resources: readonly Branch[]
  readonly settings: Settings
  readonly world: World
}

async function runTask(
  { config, configuration }: Task,
  { list, resources, settings, world }: Surroundings,
  report: Report,
): Promise<readonly Branch[]> {
  const fields = new Fields(config, report, { resource: referenceOf(config) })
  checkHead(fields, configuration)
  const mode = modeOf(fields, configuration, settings)
  if (mode === 'decrypt' && !settings.writesPackage && isPackage(list)) {
    throw new Refusal(
      'what comes out would be written into the package of files, in clear; TSOPS_KRM_PACKAGE=allow wants it so',
    )
  }
  const files = new EncryptedFiles(world, settings, mode)
  const products = await (configuration.transform?.(fields, files, resources) ??
    configuration.generate?.(fields, files))
  const flat = (products ?? []).flat()
  const made = new Set(resources)
  for (const product of flat) if (!made.has(product.object)) checkProduct(product, mode, report)
  return flat.map(({ object }: Product) => object)
}

/** What every object has, and no configuration asks for. */
function checkHead(fields: Fields, configuration: Configuration): void {
  for (const name of ['apiVersion', 'kind', 'metadata']) fields.has(name)
  if (configuration.setsMode) fields.has('mode')
}

function modeOf(fields: Fields, { setsMode }: Configuration, settings: Settings): Mode {
  const own = setsMode ? fields.word('mode', modes) : undefined
  return settings.mode ?? own ?? 'decrypt'
}

// kpt, and all else that runs a function over a directory, notes where each object is to be written. kustomize does not.
function isPackage({ items, functionConfig }: ResourceList): boolean {
  return [...items, ...(functionConfig === undefined ? [] : [functionConfig])].some((object) => {
    const keys = itemsOf(fieldAt(object, 'metadata', 'annotations')).map(({ key }) => key)
    const hasPath = keys.some((key) => /^(internal\.)?config\.kubernetes\.io\/path$/.test(key))
    return hasPath && textAt(object, 'metadata', 'annotations', 'kustomize.config.k8s.io/id') === undefined
  })
}
