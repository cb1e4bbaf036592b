import { Injectable } from '@nestjs/common';

export interface RouteEntry {
  readonly method: string;
  /** As the router has it, such as `/api/runs/:id`. */
  readonly path: string;
}

/** The part of Express's router that is read. */
interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
  match(path: string): boolean;
}
export interface RouterHost {
  readonly router: { readonly stack: readonly Layer[] };
}

/** What the router really answers, read from the router itself and not from what somebody meant to register. */
@Injectable()
export class RouteTable {
  private host: RouterHost | undefined;

  attach(host: RouterHost): void {
    this.host = host;
  }

  all(): RouteEntry[] {
    return this.layers().flatMap(({ route }) => methods(route).map((method) => ({ method, path: route.path })));
  }

  /** Methods that a path takes; empty when there is no such path. */
  methodsOf(path: string): string[] {
    const found = new Set<string>();
    for (const layer of this.layers()) {
      if (!matches(layer, path)) continue;
      for (const method of methods(layer.route)) found.add(method);
    }
    if (found.has('GET')) found.add('HEAD');
    return [...found].sort();
  }

  private layers(): (Layer & Required<Pick<Layer, 'route'>>)[] {
    return (this.host?.router.stack ?? []).filter(
      (layer): layer is Layer & Required<Pick<Layer, 'route'>> => layer.route !== undefined,
    );
  }
}

const methods = (route: Required<Layer>['route']): string[] =>
  Object.keys(route.methods)
    .filter((method) => route.methods[method])
    .map((method) => method.toUpperCase());

function matches(layer: Layer, path: string): boolean {
  try {
    return layer.match(path);
  } catch {
    // A path that cannot be decoded matches nothing; the router itself answers it with 400.
    return false;
  }
}
