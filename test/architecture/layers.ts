import ts from 'typescript';
import { impurities, type Layer, layers } from './layer-table.ts';

/** One source file: `path` is relative to src/. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

const TEST_FILE = /\.test\.ts$/;

/** The layer of a file: the longest folder of the table that holds it. */
function layerOf(path: string): Layer | undefined {
  if (!path.includes('/')) return layers.find((layer) => layer.folder === '');
  return layers
    .filter((layer) => layer.folder !== '' && path.startsWith(`${layer.folder}/`))
    .sort((a, b) => b.folder.length - a.folder.length)[0];
}

function importsOf(source: Source): readonly Import[] {
  const file = ts.createSourceFile(
    source.path,
    source.text,
    ts.ScriptTarget.ES2022,
    true,
    source.path.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS,
  );
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    if (
      (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) &&
      node.moduleSpecifier &&
      ts.isStringLiteral(node.moduleSpecifier)
    ) {
      found.push({ specifier: node.moduleSpecifier.text, typeOnly: isTypeOnly(node) });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword && node.arguments[0]) {
      const [argument] = node.arguments;
      found.push({ specifier: ts.isStringLiteral(argument) ? argument.text : '(computed)', typeOnly: false });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function isTypeOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  const clause = node.importClause;
  if (clause === undefined) return false;
  if (clause.isTypeOnly) return true;
  const named = clause.namedBindings;
  return (
    clause.name === undefined &&
    named !== undefined &&
    ts.isNamedImports(named) &&
    named.elements.length > 0 &&
    named.elements.every((element) => element.isTypeOnly)
  );
}

function resolve(from: string, specifier: string): string {
  const parts = from.split('/').slice(0, -1);
  for (const step of specifier.split('/')) {
    if (step === '..') parts.pop();
    else if (step !== '.') parts.push(step);
  }
  return parts.join('/');
}

function packageAllowed(layer: Layer, specifier: string): boolean {
  return layer.packages.some((allowed) =>
    allowed.endsWith('*') ? specifier.startsWith(allowed.slice(0, -1)) : specifier === allowed || specifier.startsWith(`${allowed}/`),
  );
}

/** The folder that hides `path` in its internal/, if any. */
function hiddenBy(path: string): string | undefined {
  const at = path.indexOf('/internal/');
  return at < 0 ? undefined : path.slice(0, at);
}

/** Every breach of the table, one line each: `file: what: why`. */
export function breaches(sources: readonly Source[]): readonly string[] {
  const found: string[] = [];
  for (const source of sources) {
    const test = TEST_FILE.test(source.path);
    const layer = layerOf(source.path);
    if (layer === undefined) {
      found.push(`${source.path}: folder is missing from the table`);
      continue;
    }
    for (const { specifier, typeOnly } of importsOf(source)) {
      if (!specifier.startsWith('.')) {
        if (!test && !packageAllowed(layer, specifier))
          found.push(`${source.path}: package ${specifier} is not for ${layer.folder || 'src'}`);
        continue;
      }
      const target = resolve(source.path, specifier);
      const hider = hiddenBy(target);
      if (hider !== undefined && !source.path.startsWith(`${hider}/`)) found.push(`${source.path}: ${target} is internal to ${hider}`);
      if (test) continue;
      const targetLayer = layerOf(target);
      if (targetLayer === undefined || targetLayer.folder === layer.folder || layer.imports.includes(targetLayer.folder)) continue;
      if (typeOnly && layer.types?.includes(targetLayer.folder)) continue;
      if (target.endsWith('package.json')) continue;
      found.push(`${source.path}: ${layer.folder || 'src'} must not import ${targetLayer.folder} (${specifier})`);
    }
    if (layer.pure && !test) {
      const code = source.text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      for (const { pattern, instead } of impurities)
        if (pattern.test(code)) found.push(`${source.path}: ${pattern.source} in a pure folder: ${instead}`);
    }
    if (!source.path.endsWith('.data.ts') && source.text.split('\n').length > 351) found.push(`${source.path}: more than 350 lines`);
  }
  return found;
}
