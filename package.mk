# The QGIS plugin: zip, its checks as the plugin site makes them, pictures of the panel, translations.

ZIP = dist/referent-$(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' __init__.py).zip

.PHONY: package check-package screenshots translations

package: .venv/dev.stamp
	@$(BIN)/python tools/package.py dist

check-package: package
	@$(BIN)/python tools/check_package.py $(ZIP)

screenshots: .venv/dev.stamp
	@tools/screenshots.sh docs/screenshots

translations: .venv/dev.stamp
	@$(BIN)/python tools/translate.py
