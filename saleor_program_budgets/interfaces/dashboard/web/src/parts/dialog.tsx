import { Box, Button, Modal, Text } from "@saleor/macaw-ui";
import { useEffect, useState, type FormEvent, type ReactNode } from "react";
import { texts } from "../texts";
import { Notice } from "./states";

/** A form in a dialog. It closes when `submit` says that it is done. */
export function Dialog(props: {
  title: string;
  submitLabel: string;
  isDangerous?: boolean;
  isBusy: boolean;
  isReady?: boolean;
  errors: readonly string[];
  submit: () => Promise<boolean>;
  close: () => void;
  children: ReactNode;
}) {
  useShownLists();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void props.submit().then((isDone) => {
      if (isDone) {
        props.close();
      }
    });
  };
  return (
    <Modal
      open
      onChange={(isOpen) => {
        if (!isOpen) {
          props.close();
        }
      }}
    >
      <Modal.Content dialogContentProps={{ "aria-describedby": undefined, "aria-label": props.title }}>
        <Box
          as="form"
          className="dialog"
          backgroundColor="default1"
          borderRadius={4}
          boxShadow="defaultModal"
          onSubmit={submit}
          noValidate
        >
          <Text as="h2" size={6} fontWeight="medium">
            {props.title}
          </Text>
          <div className="fields">{props.children}</div>
          {props.errors.map((error) => (
            <Notice key={error} tone="critical" title={error} />
          ))}
          <div className="actions end">
            <Button type="button" variant="secondary" onClick={props.close}>
              {texts.dialog.cancel}
            </Button>
            <Button
              type="submit"
              variant={props.isDangerous ? "error" : "primary"}
              disabled={props.isBusy || props.isReady === false}
            >
              {props.submitLabel}
            </Button>
          </div>
        </Box>
      </Modal.Content>
    </Modal>
  );
}

/** A dialog hides all else from assistive tools, and with it the lists of its own fields. */
function useShownLists(): void {
  useEffect(() => {
    const show = () => {
      for (const list of document.querySelectorAll("body > [aria-hidden]:has([role=listbox])")) {
        list.removeAttribute("aria-hidden");
      }
    };
    show();
    const observer = new MutationObserver(show);
    observer.observe(document.body, {
      attributeFilter: ["aria-hidden"],
      childList: true,
      subtree: true,
    });
    return () => observer.disconnect();
  }, []);
}

/** Which dialog is open, and about what. */
export function useDialog<Name extends string>() {
  const [open, setOpen] = useState<Name | null>(null);
  return { open, show: (name: Name) => setOpen(name), close: () => setOpen(null) };
}
