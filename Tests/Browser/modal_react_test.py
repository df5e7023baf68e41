"""<ozon-upload-modal> in React: the component in nginx/html/README.md is compiled, bundled and run."""
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from harness import REPOSITORY
from looks import ModalTest, expect

HTML = REPOSITORY / "nginx" / "html"
NODE_MODULES = pathlib.Path("/usr/share/nodejs")

# Uses the component as an application does that renders often: the lists are new at each render, and each event of the
# modal sets a state.
APPLICATION = """
import { StrictMode, useState } from "react";
import type { OzonR2, Pushed } from "ozon-r2";
import { UploadModal } from "./UploadModal.js";

interface Props {
  studio: OzonR2;
  urls: string[];
  productId?: number;
  onRender: (render: () => void) => void;
}

function Studio({ studio, urls, productId, onRender }: Props) {
  const [isOpen, setOpen] = useState(false);
  const [results, setResults] = useState<Pushed[]>([]);
  const [, setRenders] = useState(0);
  onRender(() => setRenders((count) => count + 1));
  return (
    <div>
      <button id="upload" onClick={() => setOpen(true)}>{isOpen ? "opened" : "Upload"}</button>
      <ul id="results">{results.map(({ status }, index) => <li key={index}>{status}</li>)}</ul>
      <UploadModal
        studio={studio}
        isOpen={isOpen}
        currentSKU={{ name: "A-5", productId }}
        processedImages={urls.filter(Boolean).map((r2Url, id) => ({ id, r2Url }))}
        onClose={() => setOpen(false)}
        onDone={(pushed) => setResults((others) => [...others, pushed])}
      />
    </div>
  );
}

export const application = (props: Props) => <StrictMode><Studio {...props} /></StrictMode>;

// @ts-expect-error open is not a string
export const wrong = <ozon-upload-modal open="yes" />;
"""
MAIN = """
import { createRoot } from "react-dom/client";
import { application } from "./Application";
export const start = (props) =>
  createRoot(document.body.appendChild(document.createElement("div"))).render(application(props));
"""
SERVER = """
import { renderToString } from "react-dom/server";
import { application } from "./Application";
console.log(renderToString(application({ urls: [], onRender() {} })));
"""


def project(folder):
    """A project with the component, and with the folder nginx/html as its package ozon-r2."""
    component = (HTML / "README.md").read_text().split("```tsx")[1].partition("\n")[2].split("```")[0]
    (folder / "UploadModal.tsx").write_text(component)
    (folder / "Application.tsx").write_text(APPLICATION)
    (folder / "main.jsx").write_text(MAIN)
    (folder / "server.jsx").write_text(SERVER)
    (folder / "package.json").write_text('{ "type": "module" }')
    shutil.copytree(HTML, folder / "node_modules" / "ozon-r2")
    shutil.copytree(NODE_MODULES / "@types" / "react", folder / "node_modules" / "@types" / "react")


def declare_react_19(types):
    """Changes the types of React 18 as those of React 19 are: React.JSX takes the place of the global JSX."""
    index = types / "index.d.ts"
    old, new = "declare global {\n    namespace JSX", "declare namespace React {\n    namespace JSX"
    assert old in index.read_text()
    index.write_text(index.read_text().replace(old, new))
    names = ["Element", "ElementClass", "ElementAttributesProperty", "ElementChildrenAttribute", "IntrinsicAttributes",
             "IntrinsicClassAttributes<T>", "IntrinsicElements"]
    interfaces = "".join(f"interface {name} extends React.JSX.{name} {{}}\n" for name in names)
    managed = "LibraryManagedAttributes<C, P>"
    (types / "jsx-runtime.d.ts").write_text(
        f'import * as React from "./";\nexport namespace JSX {{\n{interfaces}type {managed} = React.JSX.{managed};\n}}')


def bundle(folder, entry, *options):
    subprocess.run(["esbuild", "--bundle", "--jsx=automatic", "--log-level=error", *options, entry], cwd=folder,
                   env={"PATH": "/usr/bin", "NODE_PATH": str(NODE_MODULES)}, check=True)


class Types(unittest.TestCase):
    def test_the_component_in_the_README_compiles_with_React_18_and_19(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            project(folder)
            for version in [18, 19]:
                if version == 19:
                    declare_react_19(folder / "node_modules" / "@types" / "react")
                for module, resolution in [("nodenext", "nodenext"), ("es2022", "node")]:
                    with self.subTest(version=version, resolution=resolution):
                        ended = subprocess.run(
                            ["tsc", "--strict", "--noEmit", "--target", "es2022", "--jsx", "react-jsx", "--module",
                             module, "--moduleResolution", resolution, "Application.tsx"],
                            cwd=folder, capture_output=True, text=True)
                        # React's own types import packages that are not installed.
                        errors = [line for line in ended.stdout.splitlines() if "node_modules/@types/" not in line]
                        self.assertEqual(errors, [])

    def test_the_component_can_be_rendered_on_a_server(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            project(folder)
            bundle(folder, "server.jsx", "--platform=node", "--format=cjs", "--outfile=server.cjs")
            html = subprocess.run(["node", "server.cjs"], cwd=folder, capture_output=True, text=True, check=True).stdout
            self.assertIn('<ozon-upload-modal lang="zh"></ozon-upload-modal>', html)


class React(ModalTest):
    def setUp(self):
        super().setUp()
        folder = pathlib.Path(self.sandbox.dir) / "ozon-r2" / "html" / "react"
        if not folder.exists():
            folder.mkdir()
            project(folder)
            bundle(folder, "main.jsx", "--format=esm", '--define:process.env.NODE_ENV="development"',
                   "--outfile=main.js")

    def start(self, count=3, product_id=None):
        # The bundle has a module of the modal of its own, beside the one that the page has loaded.
        urls = [self.picture(f"{name}.jpg") for name in "abc"[:count]]
        self.page.evaluate(
            """async ([urls, productId]) => {
                modal.remove();
                const { start } = await import("/ozon-r2/react/main.js");
                const onRender = (render) => (window.render = render);
                start({ studio, urls, productId: productId ?? undefined, onRender });
            }""", [urls, product_id])
        self.page.locator("#upload").click()
        expect(self.items).to_have_count(count)

    def render_again(self):
        self.page.evaluate("async () => { render(); await new Promise((done) => setTimeout(done)); }")

    def test_what_the_person_has_arranged_and_entered_is_kept_when_the_parent_renders_again(self):
        self.start()
        field = self.modal.get_by_role("textbox")
        field.fill("1000005")
        self.items.nth(2).focus()
        self.page.keyboard.press("Shift+Home")
        self.items.nth(1).focus()
        self.page.keyboard.press("Delete")
        self.render_again()
        self.assertEqual(self.names(), ["c.jpg", "b.jpg"])
        expect(field).to_have_value("1000005")
        self.page.keyboard.press("Escape")
        self.page.locator("#upload").click()
        self.assertEqual(self.names(), ["c.jpg", "b.jpg"])
        expect(field).to_have_value("1000005")

    def test_the_result_is_kept_when_the_parent_renders_at_the_end_of_a_push(self):
        self.start(2, 1000005)
        for attempt in [1, 2]:
            if attempt > 1:
                self.page.locator("#upload").click()
            self.push_button.click()
            expect(self.page.locator("#results li")).to_have_text(["confirmed"] * attempt)
            self.render_again()
            expect(self.sentence).to_have_text("Ozon 已确认 2 张图片。")
            expect(self.items.locator(".state")).to_have_text(["已在 Ozon"] * 2)
            self.push_button.click()
            expect(self.page.locator("#upload")).to_have_text("Upload")
