import "@saleor/macaw-ui/style";
import "./style.css";

import { ThemeProvider, useTheme, vars } from "@saleor/macaw-ui";
import { StrictMode, useEffect } from "react";
import { createRoot } from "react-dom/client";
import { Provider } from "urql";
import { App } from "./app";
import { bridge, useBridge } from "./bridge";
import { client } from "./client";

/** The components' tokens under short names, for our own stylesheet. */
const TOKENS = {
  "--text": vars.colors.text.default1,
  "--text-weak": vars.colors.text.default2,
  "--text-accent": vars.colors.text.accent1,
  "--text-critical": vars.colors.text.critical1,
  "--text-success": vars.colors.text.success1,
  "--text-warning": vars.colors.text.warning1,
  "--text-info": vars.colors.text.info1,
  "--ground": vars.colors.background.default1,
  "--ground-strong": vars.colors.background.default3,
  "--ground-hovered": vars.colors.background.default1Hovered,
  "--line": vars.colors.border.default1,
  "--line-strong": vars.colors.border.default2,
} as const;

/** The components' own grey is too faint to be read by everybody; theirs and ours are this one. */
const READABLE_GREY = `color-mix(in srgb, ${vars.colors.text.default1} 66%, ${vars.colors.background.default1})`;
const grey = /--[\w-]+/.exec(vars.colors.text.default2)?.[0];

// Below where the theme sets its own, which therefore stay as they are.
const { style } = document.body;
for (const [name, value] of Object.entries(TOKENS)) {
  style.setProperty(name, value);
}
if (grey) {
  style.setProperty(grey, READABLE_GREY);
}

function FollowDashboard() {
  const state = useBridge();
  const { setTheme } = useTheme();
  const theme = state?.theme === "dark" ? "defaultDark" : "defaultLight";
  useEffect(() => {
    setTheme(theme);
    document.documentElement.style.colorScheme = theme === "defaultDark" ? "dark" : "light";
  }, [theme, setTheme]);
  useEffect(() => bridge?.sendNotifyReadyAction(), []);
  return null;
}

const root = document.getElementById("root");
if (!root) {
  throw new Error("The page has no #root");
}
createRoot(root).render(
  <StrictMode>
    <ThemeProvider>
      <Provider value={client}>
        <FollowDashboard />
        <App />
      </Provider>
    </ThemeProvider>
  </StrictMode>,
);
