import { AppBridgeProvider } from "@saleor/app-sdk/app-bridge";
import { lazy, Suspense, useEffect, type ComponentType } from "react";
import { Redirect, Route, Router, Switch, useLocation, useSearch } from "wouter";
import { bridge, reportRoute, useBridge, usePowers } from "./bridge";
import { ownOf } from "./parts/address";
import { useKeptFocus } from "./parts/focus";
import { Loading, Notice } from "./parts/states";
import { Tabs } from "./parts/tabs";
import { texts } from "./texts";

const BASE = import.meta.env.BASE_URL.replace(/\/$/, "");

const pages: Record<string, ComponentType> = {
  "/utilization": lazy(() => import("./pages/utilization")),
  "/entries": lazy(() => import("./pages/entries")),
  "/purchases": lazy(() => import("./pages/purchases")),
  "/programs": lazy(() => import("./pages/programs")),
  "/programs/:id": lazy(() => import("./pages/program")),
  "/setup": lazy(() => import("./pages/setup")),
  "/setup/:id/:step?": lazy(() => import("./pages/setup")),
  "/accounts": lazy(() => import("./pages/accounts")),
  "/members": lazy(() => import("./pages/members")),
  "/members/:id": lazy(() => import("./pages/member")),
  "/codes": lazy(() => import("./pages/codes")),
  "/codes/:id": lazy(() => import("./pages/batch")),
  "/jobs": lazy(() => import("./pages/jobs")),
};

const widgets: Record<string, ComponentType> = {
  "/widgets/customer": lazy(() => import("./pages/customer-widget")),
  "/widgets/order": lazy(() => import("./pages/order-widget")),
};

export function App() {
  const state = useBridge();
  if (!bridge) {
    return <Notice tone="info" title={texts.frame.outside} text={texts.frame.outsideHint} />;
  }
  if (!state?.ready) {
    return <Loading />;
  }
  return (
    <AppBridgeProvider appBridgeInstance={bridge}>
      <Router base={BASE}>
        <Switch>
          {Object.entries(widgets).map(([path, Widget]) => (
            <Route key={path} path={path}>
              <Suspense fallback={<Loading />}>
                <Widget />
              </Suspense>
            </Route>
          ))}
          <Route>
            <Pages />
          </Route>
        </Switch>
      </Router>
    </AppBridgeProvider>
  );
}

function Pages() {
  useRouteReports();
  useKeptFocus();
  const powers = usePowers();
  if (!powers.reads) {
    return <Notice tone="info" title={texts.frame.forbidden} text={texts.frame.forbiddenHint} />;
  }
  return (
    <>
      <Tabs />
      <main className="page" id="page">
        <Suspense fallback={<Loading />}>
          <Switch>
            {Object.entries(pages).map(([path, Page]) => (
              <Route key={path} path={path}>
                <Page />
              </Route>
            ))}
            <Route path="/">
              <Redirect to="/utilization" replace />
            </Route>
            <Route>
              <Notice tone="info" title={texts.frame.unknownPage} />
            </Route>
          </Switch>
        </Suspense>
      </main>
    </>
  );
}

/** Tell the Dashboard where we are, and go where it sends us. */
function useRouteReports(): void {
  const [path, navigate] = useLocation();
  const search = useSearch();
  useEffect(() => {
    const own = ownOf(search);
    reportRoute(own.size ? `${path}?${own}` : path);
  }, [path, search]);
  useEffect(
    () => bridge?.subscribe("redirect", ({ path: wanted }) => navigate(wanted)),
    [navigate],
  );
}
