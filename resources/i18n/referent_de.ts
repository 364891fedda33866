<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
  <context>
    <name>Referent</name>
    <message>
      <location filename="../../plugin/figures.py" />
      <source>Written expressions, mean IoU</source>
      <translation>Geschriebene Ausdrücke, mittlere IoU</translation>
    </message>
    <message>
      <location filename="../../plugin/figures.py" />
      <source>Written expressions, share with IoU of 0.5 and more</source>
      <translation>Geschriebene Ausdrücke, Anteil mit IoU ab 0,5</translation>
    </message>
    <message>
      <location filename="../../plugin/figures.py" />
      <source>Expressions of groups, mean IoU</source>
      <translation>Ausdrücke für Gruppen, mittlere IoU</translation>
    </message>
    <message>
      <location filename="../../plugin/figures.py" />
      <source>All of a class, mean IoU</source>
      <translation>Alle einer Klasse, mittlere IoU</translation>
    </message>
    <message>
      <location filename="../../plugin/figures.py" />
      <source>False alarms where there is nothing</source>
      <translation>Fehlalarme, wo nichts ist</translation>
    </message>
    <message>
      <location filename="../../plugin/main.py" />
      <source>Train a model…</source>
      <translation>Modell trainieren…</translation>
    </message>
    <message>
      <location filename="../../plugin/main.py" />
      <source>Evaluate a model…</source>
      <translation>Modell bewerten…</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>Expression</source>
      <translation>Ausdruck</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>Raster</source>
      <translation>Raster</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>Layer</source>
      <translation>Layer</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>Options</source>
      <translation>Optionen</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>Output</source>
      <translation>Ausgabe</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>Model</source>
      <translation>Modell</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>Device</source>
      <translation>Gerät</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>Memory</source>
      <translation>Speicher</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>Cancelled</source>
      <translation>Abgebrochen</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>Engine</source>
      <translation>Engine</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>There is no engine yet: press “Prepare engine” in the Referent panel, or choose a Python that has it under Settings, Options, Referent.</source>
      <translation>Es gibt noch keine Engine: „Engine vorbereiten“ im Referent-Bedienfeld drücken oder unter Einstellungen, Optionen, Referent ein Python wählen, das sie hat.</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>The engine stopped answering and was ended; ask again to start it anew.</source>
      <translation>Die Engine antwortete nicht mehr und wurde beendet; eine neue Frage startet sie neu.</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>The engine belongs to another version of the plugin: restart QGIS, or press “Repair” under Settings, Options, Referent.</source>
      <translation>Die Engine gehört zu einer anderen Version des Plugins: QGIS neu starten oder unter Einstellungen, Optionen, Referent „Reparieren“ drücken.</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>Cancelled; nothing was changed.</source>
      <translation>Abgebrochen; nichts wurde verändert.</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>Loading the model</source>
      <translation>Modell laden</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>Looking at the picture</source>
      <translation>Bild ansehen</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>Finding</source>
      <translation>Suchen</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>Drawing outlines</source>
      <translation>Umrisse zeichnen</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>Reading relations</source>
      <translation>Beziehungen auswerten</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>Writing</source>
      <translation>Schreiben</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>Finding objects</source>
      <translation>Objekte finden</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>Reading the labels</source>
      <translation>Beschriftungen lesen</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>Training</source>
      <translation>Training</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>Training on expressions</source>
      <translation>Training mit Ausdrücken</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>Training the reference bank</source>
      <translation>Training der Referenzbank</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>Training on expressions and class names</source>
      <translation>Training mit Ausdrücken und Klassennamen</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>Evaluating</source>
      <translation>Bewerten</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>tiles</source>
      <translation>Kacheln</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>windows</source>
      <translation>Fenster</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>objects</source>
      <translation>Objekte</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>files</source>
      <translation>Dateien</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>rows</source>
      <translation>Zeilen</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>regions</source>
      <translation>Gebiete</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>chips</source>
      <translation>Ausschnitte</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>steps</source>
      <translation>Schritte</translation>
    </message>
    <message>
      <location filename="../../plugin/messages.py" />
      <source>models</source>
      <translation>Modelle</translation>
    </message>
    <message>
      <location filename="../../plugin/model_list.py" />
      <source>Best there is</source>
      <translation>Das beste vorhandene</translation>
    </message>
    <message>
      <location filename="../../plugin/model_list.py" />
      <source>Processor</source>
      <translation>Prozessor</translation>
    </message>
    <message>
      <location filename="../../plugin/model_list.py" />
      <source>NVIDIA graphics card</source>
      <translation>NVIDIA-Grafikkarte</translation>
    </message>
    <message>
      <location filename="../../plugin/model_list.py" />
      <source>Apple graphics</source>
      <translation>Apple-Grafik</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>✓ The engine computes on {device} ({seconds} s). {versions}</source>
      <translation>✓ Die Engine rechnet auf {device} ({seconds} s). {versions}</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>A Python that has the engine's libraries</source>
      <translation>Ein Python mit den Bibliotheken der Engine</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>The engine that Referent prepares itself</source>
      <translation>Die Engine, die Referent selbst vorbereitet</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>Install from the network</source>
      <translation>Aus dem Netz installieren</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>A folder of wheels, for computers without network: pip download -r the lock there</source>
      <translation>Ein Ordner mit Wheels für Rechner ohne Netz: dort pip download -r mit der Sperrdatei</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>never</source>
      <translation>nie</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>none</source>
      <translation>keiner</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>What was seen of a picture is kept, so that questions about it are quick tomorrow too</source>
      <translation>Was von einem Bild gesehen wurde, wird behalten, damit Fragen dazu auch morgen schnell sind</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>Delete what was seen; nothing is lost but time</source>
      <translation>Gesehenes löschen; verloren geht nur Zeit</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>Verify</source>
      <translation>Prüfen</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>Compute something real with this Python and name device and versions</source>
      <translation>Mit diesem Python etwas Echtes rechnen und Gerät und Versionen nennen</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>Repair</source>
      <translation>Reparieren</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>Make the engine's environment anew</source>
      <translation>Die Umgebung der Engine neu anlegen</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>Remove</source>
      <translation>Entfernen</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>Delete the engine's environment; results stay</source>
      <translation>Die Umgebung der Engine löschen; Ergebnisse bleiben</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>Copy diagnostics</source>
      <translation>Diagnose kopieren</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>Copy a report for a bug ticket, without private paths and names</source>
      <translation>Einen Bericht für eine Fehlermeldung kopieren, ohne private Pfade und Namen</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>Use this Python instead</source>
      <translation>Stattdessen dieses Python</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>What to install</source>
      <translation>Was installiert wird</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>Wheel folder</source>
      <translation>Wheel-Ordner</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>Storage</source>
      <translation>Speicherort</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>Data folder</source>
      <translation>Datenordner</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>Free the model's memory after</source>
      <translation>Speicher des Modells freigeben nach</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>Cache of pictures</source>
      <translation>Zwischenspeicher für Bilder</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>Computing…</source>
      <translation>Rechne …</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>The engine is being prepared; the Referent panel shows how far it is.</source>
      <translation>Die Engine wird vorbereitet; das Referent-Bedienfeld zeigt den Fortschritt.</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>The report is on the clipboard; look it over before you share it.</source>
      <translation>Der Bericht ist in der Zwischenablage; bitte vor dem Weitergeben durchsehen.</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>By what this computer has</source>
      <translation>Nach diesem Rechner</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>Processor only (small)</source>
      <translation>Nur Prozessor (klein)</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>With NVIDIA graphics card (large)</source>
      <translation>Mit NVIDIA-Grafikkarte (groß)</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>There is no engine yet.</source>
      <translation>Es gibt noch keine Engine.</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>There is no environment to remove.</source>
      <translation>Es gibt keine Umgebung zu entfernen.</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>Delete the engine's environment in {path}?</source>
      <translation>Die Umgebung der Engine in {path} löschen?</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>Clear ({size} GB)</source>
      <translation>Leeren ({size} GB)</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>Engine: {path}</source>
      <translation>Engine: {path}</translation>
    </message>
    <message>
      <location filename="../../plugin/options_page.py" />
      <source>It cannot be deleted ({reason}): close programs that use it and try again.</source>
      <translation>Sie kann nicht gelöscht werden ({reason}): Programme schließen, die sie benutzen, und noch einmal versuchen.</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/dock.py" />
      <source>Which raster layer to ask</source>
      <translation>Welcher Rasterlayer gefragt wird</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/dock.py" />
      <source>What to look for</source>
      <translation>Wonach gesucht wird</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/dock.py" />
      <source>What to look for, in words; Enter asks, the arrow shows earlier questions</source>
      <translation>Wonach gesucht wird, in (englischen) Worten; Eingabe fragt, der Pfeil zeigt frühere Fragen</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/dock.py" />
      <source>the largest storage tank near the harbour</source>
      <translation>the largest storage tank near the harbour</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/dock.py" />
      <source>Ask</source>
      <translation>Fragen</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/dock.py" />
      <source>Look for it (Enter)</source>
      <translation>Danach suchen (Eingabe)</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/dock.py" />
      <source>Cancel</source>
      <translation>Abbrechen</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/dock.py" />
      <source>Stop looking (Esc)</source>
      <translation>Suche beenden (Esc)</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/dock.py" />
      <source>Classes that the model knows; click one to ask for it</source>
      <translation>Klassen, die das Modell kennt; ein Klick fragt danach</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/dock.py" />
      <source>Answers</source>
      <translation>Antworten</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/dock.py" />
      <source>All {count} finds have low scores: lower the threshold to see them.</source>
      <translation>Alle {count} Funde haben niedrige Werte: die Schwelle senken, um sie zu sehen.</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/dock.py" />
      <source>{model} on {device}, {seconds} s</source>
      <translation>{model} auf {device}, {seconds} s</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/dock.py" />
      <source>Where</source>
      <translation>Wo</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/dock.py" />
      <source>Try:</source>
      <translation>Etwa:</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/dock.py" />
      <source>Weaker finds were not kept for this answer: ask again to see them.</source>
      <translation>Schwächere Funde wurden für diese Antwort nicht aufgehoben: noch einmal fragen, um sie zu sehen.</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/dock.py" />
      <source>Asked:</source>
      <translation>Gefragt:</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/dock.py" />
      <source>“{name}” is being edited: save or discard the edits before filtering it.</source>
      <translation>„{name}“ wird gerade bearbeitet: Änderungen vor dem Filtern speichern oder verwerfen.</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/dock.py" />
      <source>Nothing found for “{expression}”; the best score was {score}.</source>
      <translation>Nichts gefunden für „{expression}“; der beste Wert war {score}.</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/engine_bar.py" />
      <source>Prepare engine</source>
      <translation>Engine vorbereiten</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/engine_bar.py" />
      <source>Make the engine's own Python environment; QGIS itself is not touched</source>
      <translation>Die eigene Python-Umgebung der Engine anlegen; QGIS selbst wird nicht angerührt</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/engine_bar.py" />
      <source>Use another Python…</source>
      <translation>Anderes Python …</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/engine_bar.py" />
      <source>Choose a Python that has the engine's libraries, on the settings page</source>
      <translation>Auf der Einstellungsseite ein Python mit den Bibliotheken der Engine wählen</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/engine_bar.py" />
      <source>Preparing the engine; you can go on working meanwhile.</source>
      <translation>Die Engine wird vorbereitet; inzwischen kann weitergearbeitet werden.</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/engine_bar.py" />
      <source>The Python chosen for the engine is not there any more.</source>
      <translation>Das für die Engine gewählte Python gibt es nicht mehr.</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/engine_bar.py" />
      <source>The engine belongs to an earlier version of the plugin and has to be prepared again.</source>
      <translation>Die Engine gehört zu einer früheren Version des Plugins und muss neu vorbereitet werden.</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/engine_bar.py" />
      <source>Referent needs its engine once: a Python environment of its own, apart from QGIS (up to {size} GB of disk, some minutes).</source>
      <translation>Referent braucht einmal seine Engine: eine eigene Python-Umgebung neben QGIS (bis zu {size} GB Platz, einige Minuten).</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/export.py" />
      <source>There is nothing to export: ask something first.</source>
      <translation>Es gibt nichts zu exportieren: zuerst etwas fragen.</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/export.py" />
      <source>The file name “{name}” must end in .gpkg, .geojson or .fgb.</source>
      <translation>Der Dateiname „{name}“ muss auf .gpkg, .geojson oder .fgb enden.</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/export.py" />
      <source>{path} cannot be written ({reason}): choose another folder.</source>
      <translation>{path} kann nicht geschrieben werden ({reason}): einen anderen Ordner wählen.</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/export_dialog.py" />
      <source>GeoPackage, this question (*.gpkg)</source>
      <translation>GeoPackage, diese Frage (*.gpkg)</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/export_dialog.py" />
      <source>GeoPackage, a layer per question (*.gpkg)</source>
      <translation>GeoPackage, ein Layer je Frage (*.gpkg)</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/export_dialog.py" />
      <source>GeoPackage, one layer of all questions (*.gpkg)</source>
      <translation>GeoPackage, ein Layer aus allen Fragen (*.gpkg)</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/export_dialog.py" />
      <source>GeoJSON, this question (*.geojson)</source>
      <translation>GeoJSON, diese Frage (*.geojson)</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/export_dialog.py" />
      <source>GeoJSON, all questions (*.geojson)</source>
      <translation>GeoJSON, alle Fragen (*.geojson)</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/export_dialog.py" />
      <source>FlatGeobuf, this question (*.fgb)</source>
      <translation>FlatGeobuf, diese Frage (*.fgb)</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/export_dialog.py" />
      <source>FlatGeobuf, all questions (*.fgb)</source>
      <translation>FlatGeobuf, alle Fragen (*.fgb)</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/export_dialog.py" />
      <source>Export answers</source>
      <translation>Antworten exportieren</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/export_dialog.py" />
      <source>{count} polygons written to {path}.</source>
      <translation>{count} Polygone nach {path} geschrieben.</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/notice.py" />
      <source>Put this message away</source>
      <translation>Diese Meldung schließen</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>automatic</source>
      <translation>automatisch</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>Which model answers</source>
      <translation>Welches Modell antwortet</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>Folder of a model of your own (config.json and model.safetensors)</source>
      <translation>Ordner eines eigenen Modells (config.json und model.safetensors)</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>Where the model computes</source>
      <translation>Wo das Modell rechnet</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>Bands and contrast: found by the engine from the whole raster, or exactly as the layer is drawn</source>
      <translation>Kanäle und Kontrast: von der Engine aus dem ganzen Raster bestimmt oder genau wie der Layer gezeichnet ist</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>Smaller polygons are left out; automatic: 16 pixels of the model</source>
      <translation>Kleinere Polygone entfallen; automatisch: 16 Pixel des Modells</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>How far an outline may be straightened; automatic: by the resolution</source>
      <translation>Wie weit ein Umriss begradigt werden darf; automatisch: nach der Auflösung</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>Whose reading of “largest”, “north of”, “next to” counts</source>
      <translation>Wessen Lesart von “largest”, “north of”, “next to” zählt</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>What “tanks near the harbour” finds where there is no harbour</source>
      <translation>Was “tanks near the harbour” findet, wo kein Hafen ist</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>Ask rasters that are far too coarse, too</source>
      <translation>Auch viel zu grobe Raster fragen</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>Ask at any scale, also where the raster is far too coarse for the model</source>
      <translation>In jedem Maßstab fragen, auch wo das Raster für das Modell viel zu grob ist</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source> m per pixel</source>
      <translation> m je Pixel</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>Resolution at which layers from the web are written for the engine</source>
      <translation>Auflösung, in der Layer aus dem Netz für die Engine geschrieben werden</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>Colours</source>
      <translation>Farben</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>Bands</source>
      <translation>Kanäle</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>Relations</source>
      <translation>Beziehungen</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>No such neighbour</source>
      <translation>Nachbar fehlt</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>Minimum area</source>
      <translation>Mindestfläche</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>Simplification</source>
      <translation>Vereinfachung</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>Web layers</source>
      <translation>Netz-Layer</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>A folder of your own…</source>
      <translation>Ein eigener Ordner …</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>auto</source>
      <translation>auto</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>Band numbers for red, green and blue</source>
      <translation>Kanalnummern für Rot, Grün und Blau</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>The engine's choice</source>
      <translation>Wahl der Engine</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>As displayed</source>
      <translation>Wie dargestellt</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>Both</source>
      <translation>Beides</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>Geometry of what was found</source>
      <translation>Geometrie des Gefundenen</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>The model's own reading</source>
      <translation>Das Modell selbst</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>Find nothing</source>
      <translation>Nichts finden</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/options.py" />
      <source>Leave it out</source>
      <translation>Nicht beachten</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/progress.py" />
      <source>Progress</source>
      <translation>Fortschritt</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/progress.py" />
      <source>Starting</source>
      <translation>Starte</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/progress.py" />
      <source>{done} of {total} {unit}</source>
      <translation>{done} von {total} {unit}</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/progress.py" />
      <source>{time} left</source>
      <translation>noch {time}</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/refine.py" />
      <source>Hide polygons with a lower score; outlines are drawn at the threshold set when asking</source>
      <translation>Polygone mit niedrigerem Wert ausblenden; die Umrisse sind die der Schwelle, mit der gefragt wurde</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/refine.py" />
      <source>Hide smaller polygons</source>
      <translation>Kleinere Polygone ausblenden</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/refine.py" />
      <source>Threshold</source>
      <translation>Schwelle</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/refine.py" />
      <source>Area from</source>
      <translation>Fläche ab</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/results.py" />
      <source>{shown} of {count} polygons shown, best score {score}
{model} on {device}, {seconds} s
{path}</source>
      <translation>{shown} von {count} Polygonen gezeigt, bester Wert {score}
{model} auf {device}, {seconds} s
{path}</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/results.py" />
      <source>Questions of this session</source>
      <translation>Fragen dieser Sitzung</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/results.py" />
      <source>Question</source>
      <translation>Frage</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/results.py" />
      <source>Found</source>
      <translation>Gefunden</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/results.py" />
      <source>Zoom to</source>
      <translation>Darauf zoomen</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/results.py" />
      <source>Rename</source>
      <translation>Umbenennen</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/results.py" />
      <source>Export…</source>
      <translation>Exportieren …</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/results.py" />
      <source>There is nothing to zoom to: nothing was found.</source>
      <translation>Es gibt nichts, worauf gezoomt werden könnte: nichts wurde gefunden.</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/results.py" />
      <source>The file {path} is not there any more: ask again.</source>
      <translation>Die Datei {path} gibt es nicht mehr: noch einmal fragen.</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/scope.py" />
      <source>No polygon is selected: select some in a polygon layer, or choose another scope.</source>
      <translation>Kein Polygon ist ausgewählt: in einem Polygonlayer welche auswählen oder einen anderen Bereich wählen.</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/scope.py" />
      <source>Where to look</source>
      <translation>Wo gesucht wird</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/scope.py" />
      <source>Draw a rectangle on the map</source>
      <translation>Ein Rechteck auf die Karte zeichnen</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/scope.py" />
      <source>Visible map</source>
      <translation>Sichtbare Karte</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/scope.py" />
      <source>Whole layer</source>
      <translation>Ganzer Layer</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/scope.py" />
      <source>Selected polygons</source>
      <translation>Ausgewählte Polygone</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/scope.py" />
      <source>Drawn rectangle</source>
      <translation>Gezeichnetes Rechteck</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/scope.py" />
      <source>No rectangle is drawn yet: press the button beside the scope and draw one.</source>
      <translation>Noch ist kein Rechteck gezeichnet: den Knopf neben dem Bereich drücken und eines zeichnen.</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/session.py" />
      <source>The expression is empty: type what to look for, such as “storage tank”.</source>
      <translation>Der Ausdruck ist leer: eintippen, wonach gesucht wird, etwa “storage tank”.</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/session.py" />
      <source>Writing a temporary picture of “{name}”</source>
      <translation>Temporäres Bild von „{name}“ wird geschrieben</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/session.py" />
      <source>Results cannot be written to {folder} ({reason}): choose another data folder on the settings page.</source>
      <translation>Ergebnisse können nicht nach {folder} geschrieben werden ({reason}): auf der Einstellungsseite einen anderen Datenordner wählen.</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/toolbar.py" />
      <source>Train a model on labelled layers</source>
      <translation>Ein Modell auf beschrifteten Layern trainieren</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/toolbar.py" />
      <source>Evaluate a model on labelled layers</source>
      <translation>Ein Modell auf beschrifteten Layern bewerten</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/toolbar.py" />
      <source>Settings</source>
      <translation>Einstellungen</translation>
    </message>
    <message>
      <location filename="../../plugin/panel/toolbar.py" />
      <source>Help</source>
      <translation>Hilfe</translation>
    </message>
    <message>
      <location filename="../../plugin/picture_task.py" />
      <source>Referent: picture of “{name}”</source>
      <translation>Referent: Bild von „{name}“</translation>
    </message>
    <message>
      <location filename="../../plugin/picture_task.py" />
      <source>The picture could not be written: {reason}.</source>
      <translation>Das Bild konnte nicht geschrieben werden: {reason}.</translation>
    </message>
    <message>
      <location filename="../../plugin/scene.py" />
      <source>There is no raster layer to ask: add one to the project and choose it.</source>
      <translation>Es gibt keinen Rasterlayer: einen zum Projekt hinzufügen und auswählen.</translation>
    </message>
    <message>
      <location filename="../../plugin/scene.py" />
      <source>The layer “{name}” has lost its file: repair its data source and ask again.</source>
      <translation>Der Layer „{name}“ hat seine Datei verloren: die Datenquelle reparieren und noch einmal fragen.</translation>
    </message>
    <message>
      <location filename="../../plugin/scene.py" />
      <source>The layer “{name}” has no CRS: set it with a right click on the layer, Layer CRS, Set Layer CRS, and ask again.</source>
      <translation>Der Layer „{name}“ hat kein KBS: mit Rechtsklick auf den Layer, Layer-KBS, Layer-KBS setzen, und noch einmal fragen.</translation>
    </message>
    <message>
      <location filename="../../plugin/scene.py" />
      <source>The area asked about cannot be brought into the layer's CRS.</source>
      <translation>Der gefragte Bereich lässt sich nicht in das KBS des Layers umrechnen.</translation>
    </message>
    <message>
      <location filename="../../plugin/scene.py" />
      <source>The layer “{name}” does not lie in the area asked about: zoom to the layer, or choose another scope.</source>
      <translation>Der Layer „{name}“ liegt nicht im gefragten Bereich: auf den Layer zoomen oder einen anderen Bereich wählen.</translation>
    </message>
    <message>
      <location filename="../../plugin/scene.py" />
      <source>{share} % of the picture of “{name}” is empty: the server may not have answered, or has no picture there.</source>
      <translation>{share} % des Bildes von „{name}“ sind leer: der Server hat vielleicht nicht geantwortet oder dort kein Bild.</translation>
    </message>
    <message>
      <location filename="../../plugin/scene.py" />
      <source>The area asked about has {count} million pixels, more than the {limit} million allowed: zoom in.</source>
      <translation>Der gefragte Bereich hat {count} Millionen Pixel, mehr als die erlaubten {limit} Millionen: hineinzoomen.</translation>
    </message>
    <message>
      <location filename="../../plugin/scene.py" />
      <source>The layer “{name}” could not be written to {folder}: check the connection and the free space.</source>
      <translation>Der Layer „{name}“ konnte nicht nach {folder} geschrieben werden: Verbindung und freien Platz prüfen.</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/asking.py" />
      <source>Number of polygons</source>
      <translation>Zahl der Polygone</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/asking.py" />
      <source>The model was asked: {plan}</source>
      <translation>Das Modell wurde gefragt: {plan}</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/asking.py" />
      <source>Nothing found; the best score was {score}.</source>
      <translation>Nichts gefunden; der beste Wert war {score}.</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/base.py" />
      <source>“{name}” is written to a temporary GeoTIFF first, at {gsd} m per pixel.</source>
      <translation>„{name}“ wird zuerst als temporäres GeoTIFF geschrieben, mit {gsd} m je Pixel.</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/evaluate.py" />
      <source>Evaluate a model</source>
      <translation>Modell bewerten</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/evaluate.py" />
      <source>How well a model answers where the truth is drawn, with a report of tables and examples.</source>
      <translation>Wie gut ein Modell antwortet, wo die Wahrheit gezeichnet ist, mit einem Bericht aus Tabellen und Beispielen.</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/evaluate.py" />
      <source>&lt;p&gt;Asks a model about labelled polygons and measures how much of the answers is right: for written expressions of single objects and of groups, for all instances of a class, and for what is not there.&lt;/p&gt;&lt;p&gt;&lt;b&gt;Report&lt;/b&gt;: a page with intervals, tables per class and per kind of expression, and the best and worst examples as pictures.&lt;/p&gt;</source>
      <translation>&lt;p&gt;Fragt ein Modell nach beschrifteten Polygonen und misst, wie viel der Antworten stimmt: bei geschriebenen Ausdrücken für einzelne Objekte und für Gruppen, bei allen Objekten einer Klasse und bei dem, was nicht da ist.&lt;/p&gt;&lt;p&gt;&lt;b&gt;Bericht&lt;/b&gt;: eine Seite mit Intervallen, Tabellen je Klasse und je Art von Ausdruck und den besten und schlechtesten Beispielen als Bildern.&lt;/p&gt;</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/evaluate.py" />
      <source>accuracy,validation,iou,metrics,report,labels</source>
      <translation>Genauigkeit,Validierung,IoU,Kennzahlen,Bericht,Beschriftung</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/evaluate.py" />
      <source>Model (name or folder)</source>
      <translation>Modell (Name oder Ordner)</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/evaluate.py" />
      <source>What is asked</source>
      <translation>Wonach gefragt wird</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/evaluate.py" />
      <source>Report</source>
      <translation>Bericht</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/labelled.py" />
      <source>Rasters</source>
      <translation>Raster</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/labelled.py" />
      <source>Labels (polygons, one per object)</source>
      <translation>Beschriftungen (Polygone, eines je Objekt)</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/labelled.py" />
      <source>Class field</source>
      <translation>Klassenfeld</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/labelled.py" />
      <source>Expression field</source>
      <translation>Ausdrucksfeld</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/labelled.py" />
      <source>Every object of these classes is drawn</source>
      <translation>Jedes Objekt dieser Klassen ist gezeichnet</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/labelled.py" />
      <source>Bands for red, green, blue (such as 4,3,2)</source>
      <translation>Kanäle für Rot, Grün, Blau (etwa 4,3,2)</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/labelled.py" />
      <source>There is no raster: choose the one that shows the labelled objects.</source>
      <translation>Es gibt kein Raster: das wählen, das die beschrifteten Objekte zeigt.</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/modelinfo.py" />
      <source>What a model knows</source>
      <translation>Was ein Modell kennt</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/modelinfo.py" />
      <source>Classes, ground resolution and model card of a model.</source>
      <translation>Klassen, Bodenauflösung und Modellkarte eines Modells.</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/modelinfo.py" />
      <source>&lt;p&gt;Classes, ground resolution and model card of a model: a bundled one by its name (“small”), or the folder of a checkpoint.&lt;/p&gt;</source>
      <translation>&lt;p&gt;Klassen, Bodenauflösung und Modellkarte eines Modells: ein mitgeliefertes mit seinem Namen („small“) oder der Ordner eines Checkpoints.&lt;/p&gt;</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/modelinfo.py" />
      <source>model,classes,checkpoint,card</source>
      <translation>Modell,Klassen,Checkpoint,Karte</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/modelinfo.py" />
      <source>Name</source>
      <translation>Name</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/modelinfo.py" />
      <source>Ground resolution (m per pixel)</source>
      <translation>Bodenauflösung (m je Pixel)</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/modelinfo.py" />
      <source>Classes</source>
      <translation>Klassen</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/modelinfo.py" />
      <source>Model card</source>
      <translation>Modellkarte</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/modelinfo.py" />
      <source>There is no model “{name}”.</source>
      <translation>Es gibt kein Modell „{name}“.</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/modelinfo.py" />
      <source>{name}: {gsd} m per pixel, expressions of up to {words} words; knows {classes}</source>
      <translation>{name}: {gsd} m je Pixel, Ausdrücke bis {words} Wörter; kennt {classes}</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/parameters.py" />
      <source>Only in this extent</source>
      <translation>Nur in dieser Ausdehnung</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/parameters.py" />
      <source>Only inside these polygons</source>
      <translation>Nur in diesen Polygonen</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/parameters.py" />
      <source>Threshold (score)</source>
      <translation>Schwelle (Wert)</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/parameters.py" />
      <source>Minimum area (m²)</source>
      <translation>Mindestfläche (m²)</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/parameters.py" />
      <source>Simplification tolerance (m)</source>
      <translation>Toleranz der Vereinfachung (m)</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/parameters.py" />
      <source>Colours: the engine's own choice, or as displayed</source>
      <translation>Farben: Wahl der Engine oder wie dargestellt</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/parameters.py" />
      <source>Whose reading of relations counts</source>
      <translation>Wessen Lesart der Beziehungen zählt</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/parameters.py" />
      <source>Bands are one number or three, counted from 1, such as 4,3,2; “{text}” is not.</source>
      <translation>Kanäle sind eine Zahl oder drei, ab 1 gezählt, etwa 4,3,2; „{text}“ ist es nicht.</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/provider.py" />
      <source>Referent: ask a map in words</source>
      <translation>Referent: die Karte mit Worten fragen</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/query.py" />
      <source>Ask a raster in words</source>
      <translation>Ein Raster mit Worten fragen</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/query.py" />
      <source>Polygons of what an expression speaks of, such as “the largest storage tank near the harbour”.</source>
      <translation>Polygone dessen, wovon ein Ausdruck spricht, etwa “the largest storage tank near the harbour”.</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/query.py" />
      <source>&lt;p&gt;Finds what an expression speaks of in aerial or satellite imagery and returns polygons with score and area, in the CRS of the raster.&lt;/p&gt;&lt;p&gt;&lt;b&gt;Expression&lt;/b&gt;: a class (“storage tank”), or words about size, position and neighbours: “the largest storage tank”, “tennis courts within 200 m of a school”.&lt;/p&gt;&lt;p&gt;&lt;b&gt;Threshold&lt;/b&gt;: pixels with at least this score belong to a polygon. &lt;b&gt;Minimum area&lt;/b&gt; and &lt;b&gt;simplification&lt;/b&gt;: left empty, they follow the resolution that the model sees.&lt;/p&gt;&lt;p&gt;&lt;b&gt;Colours&lt;/b&gt;: “displayed” uses bands and stretch as the layer is drawn.&lt;/p&gt;&lt;p&gt;&lt;b&gt;Scores&lt;/b&gt;: a raster of the scores in [0, 1] at the resolution that the model sees, one band per noun phrase of the expression.&lt;/p&gt;</source>
      <translation>&lt;p&gt;Findet in Luft- oder Satellitenbildern, wovon ein Ausdruck spricht, und liefert Polygone mit Wert und Fläche im KBS des Rasters.&lt;/p&gt;&lt;p&gt;&lt;b&gt;Ausdruck&lt;/b&gt;: eine Klasse (“storage tank”) oder Worte zu Größe, Lage und Nachbarn: “the largest storage tank”, “tennis courts within 200 m of a school”.&lt;/p&gt;&lt;p&gt;&lt;b&gt;Schwelle&lt;/b&gt;: Pixel mit mindestens diesem Wert gehören zu einem Polygon. &lt;b&gt;Mindestfläche&lt;/b&gt; und &lt;b&gt;Vereinfachung&lt;/b&gt;: leer gelassen folgen sie der Auflösung, die das Modell sieht.&lt;/p&gt;&lt;p&gt;&lt;b&gt;Farben&lt;/b&gt;: „displayed“ nimmt Kanäle und Kontrast so, wie der Layer gezeichnet ist.&lt;/p&gt;&lt;p&gt;&lt;b&gt;Werte&lt;/b&gt;: ein Raster der Werte in [0, 1] in der Auflösung, die das Modell sieht, ein Kanal je Nomen des Ausdrucks.&lt;/p&gt;</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/query.py" />
      <source>referring expression,segmentation,detection,text,prompt,deep learning,objects,imagery</source>
      <translation>Ausdruck,Segmentierung,Erkennung,Text,Prompt,Deep Learning,Objekte,Luftbild</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/query.py" />
      <source>Scores</source>
      <translation>Werte</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/query.py" />
      <source>Best score</source>
      <translation>Bester Wert</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/query.py" />
      <source>What the model was asked</source>
      <translation>Was das Modell gefragt wurde</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/querybatch.py" />
      <source>Ask many rasters many things</source>
      <translation>Viele Raster vieles fragen</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/querybatch.py" />
      <source>Every expression over every raster, in one layer with the columns “expression” and “raster”.</source>
      <translation>Jeder Ausdruck über jedes Raster, in einem Layer mit den Spalten „expression“ und „raster“.</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/querybatch.py" />
      <source>&lt;p&gt;Asks every raster every expression. Write one expression per line; each raster is looked at once, whatever the number of expressions.&lt;/p&gt;&lt;p&gt;The result is one layer in the CRS of the first raster, with the columns “expression” and “raster”.&lt;/p&gt;</source>
      <translation>&lt;p&gt;Fragt jedes Raster nach jedem Ausdruck. Ein Ausdruck je Zeile; jedes Raster wird einmal angesehen, wie viele Ausdrücke es auch sind.&lt;/p&gt;&lt;p&gt;Das Ergebnis ist ein Layer im KBS des ersten Rasters, mit den Spalten „expression“ und „raster“.&lt;/p&gt;</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/querybatch.py" />
      <source>batch,many,expressions,rasters,mosaic,detection,segmentation,text</source>
      <translation>Stapel,viele,Ausdrücke,Raster,Mosaik,Erkennung,Segmentierung,Text</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/querybatch.py" />
      <source>Expressions, one per line</source>
      <translation>Ausdrücke, einer je Zeile</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/querybatch.py" />
      <source>Number of polygons per expression</source>
      <translation>Zahl der Polygone je Ausdruck</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/querybatch.py" />
      <source>There is no expression: write one per line, such as “storage tank”.</source>
      <translation>Es gibt keinen Ausdruck: einen je Zeile schreiben, etwa “storage tank”.</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/querybatch.py" />
      <source>There is no raster to ask: choose at least one.</source>
      <translation>Es gibt kein Raster zu fragen: mindestens eines wählen.</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/train.py" />
      <source>Train a model</source>
      <translation>Modell trainieren</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/train.py" />
      <source>A model that answers to the classes and expressions of labelled polygons.</source>
      <translation>Ein Modell, das auf die Klassen und Ausdrücke beschrifteter Polygone antwortet.</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/train.py" />
      <source>&lt;p&gt;Goes on training a model on polygons whose field says what they are. Some of them may have an expression that means this one object (“the largest tank beside the road”).&lt;/p&gt;&lt;p&gt;The ground is split by place: what is kept for validation is never trained on, and the best model on it is kept. A training that was stopped goes on when the same is started again.&lt;/p&gt;&lt;p&gt;&lt;b&gt;Dry run&lt;/b&gt;: only say what would be trained on. &lt;b&gt;Contact sheet&lt;/b&gt;: a picture of some of it.&lt;/p&gt;&lt;p&gt;The model is in the folder “model” inside &lt;b&gt;Run&lt;/b&gt;.&lt;/p&gt;</source>
      <translation>&lt;p&gt;Trainiert ein Modell weiter auf Polygonen, deren Feld sagt, was sie sind. Einige dürfen einen Ausdruck haben, der genau dieses Objekt meint (“the largest tank beside the road”).&lt;/p&gt;&lt;p&gt;Der Boden wird nach Orten geteilt: was der Validierung dient, wird nie trainiert, und das darauf beste Modell wird behalten. Ein angehaltenes Training geht weiter, wenn dasselbe noch einmal gestartet wird.&lt;/p&gt;&lt;p&gt;&lt;b&gt;Probelauf&lt;/b&gt;: nur sagen, womit trainiert würde. &lt;b&gt;Kontaktbogen&lt;/b&gt;: ein Bild von einem Teil davon.&lt;/p&gt;&lt;p&gt;Das Modell liegt im Ordner „model“ in &lt;b&gt;Lauf&lt;/b&gt;.&lt;/p&gt;</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/train.py" />
      <source>{name}: {objects} objects, {described} of them described</source>
      <translation>{name}: {objects} Objekte, {described} davon beschrieben</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/train.py" />
      <source>{training} chips to learn from, {validation} to choose by; {steps} steps</source>
      <translation>{training} Ausschnitte zum Lernen, {validation} zum Auswählen; {steps} Schritte</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/train.py" />
      <source>training,fine-tuning,deep learning,labels,annotation,classes,expressions</source>
      <translation>Training,Feinabstimmung,Deep Learning,Beschriftung,Annotation,Klassen,Ausdrücke</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/train.py" />
      <source>Start from (name or folder)</source>
      <translation>Ausgehen von (Name oder Ordner)</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/train.py" />
      <source>Steps (empty: by the amount of data)</source>
      <translation>Schritte (leer: nach der Menge der Daten)</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/train.py" />
      <source>Dry run</source>
      <translation>Probelauf</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/train.py" />
      <source>Share of the objects kept for validation</source>
      <translation>Anteil der Objekte für die Validierung</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/train.py" />
      <source>Method</source>
      <translation>Methode</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/train.py" />
      <source>Views per step</source>
      <translation>Ansichten je Schritt</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/train.py" />
      <source>Seed</source>
      <translation>Startzahl</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/train.py" />
      <source>Start anew where the folder holds another run</source>
      <translation>Neu beginnen, wo der Ordner einen anderen Lauf enthält</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/train.py" />
      <source>Contact sheet</source>
      <translation>Kontaktbogen</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/train.py" />
      <source>Run</source>
      <translation>Lauf</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/train.py" />
      <source>Folder of the model</source>
      <translation>Ordner des Modells</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/train.py" />
      <source>Step whose weights were kept</source>
      <translation>Schritt, dessen Gewichte behalten wurden</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/train.py" />
      <source>Mean IoU of written expressions</source>
      <translation>Mittlere IoU geschriebener Ausdrücke</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/train.py" />
      <source>Mean IoU of all of a class</source>
      <translation>Mittlere IoU aller einer Klasse</translation>
    </message>
    <message>
      <location filename="../../plugin/toolbox/train.py" />
      <source>The model is in {folder}.</source>
      <translation>Das Modell liegt in {folder}.</translation>
    </message>
    <message>
      <location filename="../../plugin/training/evaluate_dialog.py" />
      <source>Class</source>
      <translation>Klasse</translation>
    </message>
    <message>
      <location filename="../../plugin/training/evaluate_dialog.py" />
      <source>Expressions</source>
      <translation>Ausdrücke</translation>
    </message>
    <message>
      <location filename="../../plugin/training/evaluate_dialog.py" />
      <source>Mean IoU</source>
      <translation>Mittlere IoU</translation>
    </message>
    <message>
      <location filename="../../plugin/training/evaluate_dialog.py" />
      <source>Chips</source>
      <translation>Ausschnitte</translation>
    </message>
    <message>
      <location filename="../../plugin/training/evaluate_dialog.py" />
      <source>IoU of all</source>
      <translation>IoU aller</translation>
    </message>
    <message>
      <location filename="../../plugin/training/evaluate_dialog.py" />
      <source>Evaluate</source>
      <translation>Bewerten</translation>
    </message>
    <message>
      <location filename="../../plugin/training/evaluate_dialog.py" />
      <source>Expressions and class names</source>
      <translation>Ausdrücken und Klassennamen</translation>
    </message>
    <message>
      <location filename="../../plugin/training/evaluate_dialog.py" />
      <source>Class names only</source>
      <translation>Nur Klassennamen</translation>
    </message>
    <message>
      <location filename="../../plugin/training/evaluate_dialog.py" />
      <source>Class names only: what the model would reach if it ignored all other words</source>
      <translation>Nur Klassennamen: was das Modell erreichte, wenn es alle anderen Worte überginge</translation>
    </message>
    <message>
      <location filename="../../plugin/training/evaluate_dialog.py" />
      <source>A page with all tables, and the best and worst examples as pictures</source>
      <translation>Eine Seite mit allen Tabellen und den besten und schlechtesten Beispielen als Bildern</translation>
    </message>
    <message>
      <location filename="../../plugin/training/evaluate_dialog.py" />
      <source>Ask for</source>
      <translation>Fragen nach</translation>
    </message>
    <message>
      <location filename="../../plugin/training/evaluate_dialog.py" />
      <source>The figures come here.</source>
      <translation>Hier kommen die Kennzahlen hin.</translation>
    </message>
    <message>
      <location filename="../../plugin/training/evaluate_dialog.py" />
      <source>Result</source>
      <translation>Ergebnis</translation>
    </message>
    <message>
      <location filename="../../plugin/training/evaluate_dialog.py" />
      <source>Open the report</source>
      <translation>Bericht öffnen</translation>
    </message>
    <message>
      <location filename="../../plugin/training/evaluate_dialog.py" />
      <source>The report cannot be written ({reason}): choose another file.</source>
      <translation>Der Bericht kann nicht geschrieben werden ({reason}): eine andere Datei wählen.</translation>
    </message>
    <message>
      <location filename="../../plugin/training/evaluate_dialog.py" />
      <source>Questions</source>
      <translation>Fragen</translation>
    </message>
    <message>
      <location filename="../../plugin/training/evaluate_dialog.py" />
      <source>Figure</source>
      <translation>Kennzahl</translation>
    </message>
    <message>
      <location filename="../../plugin/training/evaluate_dialog.py" />
      <source>95 % interval</source>
      <translation>95-%-Intervall</translation>
    </message>
    <message>
      <location filename="../../plugin/training/evaluate_dialog.py" />
      <source>Kind of expression</source>
      <translation>Art des Ausdrucks</translation>
    </message>
    <message>
      <location filename="../../plugin/training/expression_editor.py" />
      <source>{done} of {total} described</source>
      <translation>{done} von {total} beschrieben</translation>
    </message>
    <message>
      <location filename="../../plugin/training/expression_editor.py" />
      <source>the largest tank beside the road</source>
      <translation>the largest tank beside the road</translation>
    </message>
    <message>
      <location filename="../../plugin/training/expression_editor.py" />
      <source>Words that mean this object and no other; Enter keeps them and goes to the next object</source>
      <translation>Worte, die dieses Objekt meinen und kein anderes; Enter behält sie und geht zum nächsten</translation>
    </message>
    <message>
      <location filename="../../plugin/training/expression_editor.py" />
      <source>Previous object</source>
      <translation>Voriges Objekt</translation>
    </message>
    <message>
      <location filename="../../plugin/training/expression_editor.py" />
      <source>Next object</source>
      <translation>Nächstes Objekt</translation>
    </message>
    <message>
      <location filename="../../plugin/training/expression_editor.py" />
      <source>Next without</source>
      <translation>Nächstes ohne</translation>
    </message>
    <message>
      <location filename="../../plugin/training/expression_editor.py" />
      <source>Select and show the next object that has no expression</source>
      <translation>Das nächste Objekt ohne Ausdruck auswählen und zeigen</translation>
    </message>
    <message>
      <location filename="../../plugin/training/expression_editor.py" />
      <source>Add a field for expressions</source>
      <translation>Feld für Ausdrücke anlegen</translation>
    </message>
    <message>
      <location filename="../../plugin/training/expression_editor.py" />
      <source>Every object has an expression.</source>
      <translation>Jedes Objekt hat einen Ausdruck.</translation>
    </message>
    <message>
      <location filename="../../plugin/training/expression_editor.py" />
      <source>Some expressions beside the class names make a model that understands sentences.</source>
      <translation>Einige Ausdrücke neben den Klassennamen ergeben ein Modell, das Sätze versteht.</translation>
    </message>
    <message>
      <location filename="../../plugin/training/expression_editor.py" />
      <source>Select objects on the map to describe them</source>
      <translation>Objekte auf der Karte auswählen, um sie zu beschreiben</translation>
    </message>
    <message>
      <location filename="../../plugin/training/expression_editor.py" />
      <source>{place} of {count} selected</source>
      <translation>{place} von {count} gewählten</translation>
    </message>
    <message>
      <location filename="../../plugin/training/expression_editor.py" />
      <source>The layer “{name}” cannot be edited: export it to a GeoPackage and use that.</source>
      <translation>Der Layer „{name}“ kann nicht bearbeitet werden: ihn in ein GeoPackage exportieren und dieses nehmen.</translation>
    </message>
    <message>
      <location filename="../../plugin/training/expression_editor.py" />
      <source>The expression could not be saved: {reason}</source>
      <translation>Der Ausdruck konnte nicht gespeichert werden: {reason}</translation>
    </message>
    <message>
      <location filename="../../plugin/training/expression_editor.py" />
      <source>The layer “{name}” takes no new field: add a text field “expression” yourself.</source>
      <translation>Der Layer „{name}“ nimmt kein neues Feld an: selbst ein Textfeld „expression“ anlegen.</translation>
    </message>
    <message>
      <location filename="../../plugin/training/labels.py" />
      <source>The layer “{name}” cannot be copied to {folder} ({reason}): choose another data folder.</source>
      <translation>Der Layer „{name}“ kann nicht nach {folder} kopiert werden ({reason}): einen anderen Datenordner wählen.</translation>
    </message>
    <message>
      <location filename="../../plugin/training/layer_dialog.py" />
      <source>Stop</source>
      <translation>Anhalten</translation>
    </message>
    <message>
      <location filename="../../plugin/training/layer_dialog.py" />
      <source>Close</source>
      <translation>Schließen</translation>
    </message>
    <message>
      <location filename="../../plugin/training/pages.py" />
      <source>Click the picture to see it at its full size.</source>
      <translation>Ein Klick auf das Bild zeigt es in voller Größe.</translation>
    </message>
    <message>
      <location filename="../../plugin/training/plot.py" />
      <source>Loss and IoU while training</source>
      <translation>Verlust und IoU während des Trainings</translation>
    </message>
    <message>
      <location filename="../../plugin/training/plot.py" />
      <source>Loss</source>
      <translation>Verlust</translation>
    </message>
    <message>
      <location filename="../../plugin/training/plot.py" />
      <source>IoU on validation chips, best {value}</source>
      <translation>IoU auf den Ausschnitten zur Validierung, beste {value}</translation>
    </message>
    <message>
      <location filename="../../plugin/training/plot.py" />
      <source>The curves appear when training begins.</source>
      <translation>Die Kurven erscheinen, wenn das Training beginnt.</translation>
    </message>
    <message>
      <location filename="../../plugin/training/sources.py" />
      <source>Rasters and labels</source>
      <translation>Raster und Beschriftungen</translation>
    </message>
    <message>
      <location filename="../../plugin/training/sources.py" />
      <source>The rasters that show the labelled objects</source>
      <translation>Die Raster, die die beschrifteten Objekte zeigen</translation>
    </message>
    <message>
      <location filename="../../plugin/training/sources.py" />
      <source>Polygons, one per object</source>
      <translation>Polygone, eines je Objekt</translation>
    </message>
    <message>
      <location filename="../../plugin/training/sources.py" />
      <source>The field that names what each object is, such as “storage tank”</source>
      <translation>Das Feld, das sagt, was jedes Objekt ist, etwa “storage tank”</translation>
    </message>
    <message>
      <location filename="../../plugin/training/sources.py" />
      <source>The field with words that mean one object, such as “the largest tank”; most may be empty</source>
      <translation>Das Feld mit Worten, die ein Objekt meinen, etwa “the largest tank”; die meisten dürfen leer sein</translation>
    </message>
    <message>
      <location filename="../../plugin/training/sources.py" />
      <source>Then the model also learns what “all tanks” and “no tank here” mean, within the extent of the labels</source>
      <translation>Dann lernt das Modell auch, was „alle Tanks“ und „hier kein Tank“ heißt, innerhalb der Ausdehnung der Beschriftungen</translation>
    </message>
    <message>
      <location filename="../../plugin/training/sources.py" />
      <source>Labels</source>
      <translation>Beschriftungen</translation>
    </message>
    <message>
      <location filename="../../plugin/training/sources.py" />
      <source>There is no layer of polygons: add one, or draw one, with a field that names the classes.</source>
      <translation>Es gibt keinen Polygonlayer: einen hinzufügen oder zeichnen, mit einem Feld, das die Klassen nennt.</translation>
    </message>
    <message>
      <location filename="../../plugin/training/sources.py" />
      <source>No raster is chosen: tick the one that shows the labelled objects.</source>
      <translation>Kein Raster ist gewählt: das ankreuzen, das die beschrifteten Objekte zeigt.</translation>
    </message>
    <message>
      <location filename="../../plugin/training/sources.py" />
      <source>The layer “{name}” has no class field: add a text field that says what each polygon is.</source>
      <translation>Der Layer „{name}“ hat kein Klassenfeld: ein Textfeld anlegen, das sagt, was jedes Polygon ist.</translation>
    </message>
    <message>
      <location filename="../../plugin/training/sources.py" />
      <source>The layer “{name}” has no polygons: draw some first.</source>
      <translation>Der Layer „{name}“ hat keine Polygone: erst welche zeichnen.</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>The weights of step {best} of {steps} were kept.</source>
      <translation>Behalten wurden die Gewichte von Schritt {best} von {steps}.</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>The model “{name}” is trained and stands in the panel's list of models.</source>
      <translation>Das Modell „{name}“ ist trainiert und steht in der Modellliste des Bedienfelds.</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>Measured on the chips kept for validation.</source>
      <translation>Gemessen auf den Ausschnitten zur Validierung.</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>Measured on the training chips themselves, since no ground was left: these figures flatter.</source>
      <translation>Gemessen auf den trainierten Ausschnitten selbst, da kein Boden übrig war: diese Zahlen schmeicheln.</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>Train</source>
      <translation>Trainieren</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>Look at the data</source>
      <translation>Daten ansehen</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>Say what would be trained on, without training</source>
      <translation>Sagen, womit trainiert würde, ohne zu trainieren</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>“Look at the data” shows here what the layers are understood to hold.</source>
      <translation>„Daten ansehen“ zeigt hier, was die Layer enthalten, wie die Engine sie versteht.</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>The figures of the new model come here.</source>
      <translation>Hier kommen die Kennzahlen des neuen Modells hin.</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>Data</source>
      <translation>Daten</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>What it knows already is kept; the classes of the labels are added</source>
      <translation>Was es schon kennt, bleibt; die Klassen der Beschriftungen kommen hinzu</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>Name of the new model, and of its folder</source>
      <translation>Name des neuen Modells und seines Ordners</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>Start from</source>
      <translation>Ausgehen von</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>Where the folder of the new model is made</source>
      <translation>Wo der Ordner des neuen Modells angelegt wird</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>by the amount of data</source>
      <translation>nach der Menge der Daten</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>Share of the objects, by place, that are kept to choose the best model by</source>
      <translation>Anteil der Objekte, nach Orten, an denen das beste Modell ausgewählt wird</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>The first suits a map; the others are the published ways to mix expressions and class names</source>
      <translation>Die erste passt zu Karten; die anderen sind die veröffentlichten Wege, Ausdrücke und Klassennamen zu mischen</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>Start anew where a model of this name exists</source>
      <translation>Neu beginnen, wo es ein Modell dieses Namens gibt</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>Folder</source>
      <translation>Ordner</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>Steps</source>
      <translation>Schritte</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>Validation</source>
      <translation>Validierung</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>All questions: one, all, none</source>
      <translation>Alle Fragen: eines, alle, keines</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>Expressions only</source>
      <translation>Nur Ausdrücke</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>Expressions, else class names</source>
      <translation>Ausdrücke, sonst Klassennamen</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>The same with a reference bank</source>
      <translation>Dasselbe mit Referenzbank</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>The model needs a name that can be the name of a folder, such as “my-model”.</source>
      <translation>Das Modell braucht einen Namen, der auch der eines Ordners sein kann, etwa „mein-modell“.</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>Stopping after this step; the best model so far is kept. Press Stop again not to wait for it.</source>
      <translation>Es wird nach diesem Schritt angehalten; das bisher beste Modell bleibt. Noch einmal auf „Anhalten“, um nicht darauf zu warten.</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>Before</source>
      <translation>Vorher</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>After</source>
      <translation>Nachher</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>Stopped; the best model so far is in the panel's list. Press Train to go on from here.</source>
      <translation>Angehalten; das bisher beste Modell steht in der Liste des Bedienfelds. „Trainieren“ macht von hier weiter.</translation>
    </message>
    <message>
      <location filename="../../plugin/training/train_dialog.py" />
      <source>Stopped before a model was chosen. Press Train to go on from the last saved step.</source>
      <translation>Angehalten, bevor ein Modell gewählt war. „Trainieren“ macht beim letzten gesicherten Schritt weiter.</translation>
    </message>
    <message>
      <location filename="../../plugin/training/understanding.py" />
      <source>{used} of {rows} rows are used, {mended} of them with a change.</source>
      <translation>{used} von {rows} Zeilen werden genommen, {mended} davon mit einer Änderung.</translation>
    </message>
    <message>
      <location filename="../../plugin/training/understanding.py" />
      <source>{training} chips to learn from and {validation} to choose by, {side} m wide, on ground of their own.</source>
      <translation>{training} Ausschnitte zum Lernen und {validation} zum Auswählen, {side} m breit, auf je eigenem Boden.</translation>
    </message>
    <message>
      <location filename="../../plugin/training/understanding.py" />
      <source>Objects</source>
      <translation>Objekte</translation>
    </message>
    <message>
      <location filename="../../plugin/training/understanding.py" />
      <source>Described</source>
      <translation>Beschrieben</translation>
    </message>
    <message>
      <location filename="../../plugin/training/understanding.py" />
      <source>To learn from</source>
      <translation>Zum Lernen</translation>
    </message>
    <message>
      <location filename="../../plugin/training/understanding.py" />
      <source>To choose by</source>
      <translation>Zum Auswählen</translation>
    </message>
    <message>
      <location filename="../../plugin/training/understanding.py" />
      <source>Expressions of one object</source>
      <translation>Ausdrücke für ein Objekt</translation>
    </message>
    <message>
      <location filename="../../plugin/training/understanding.py" />
      <source>Expressions of a group</source>
      <translation>Ausdrücke für eine Gruppe</translation>
    </message>
    <message>
      <location filename="../../plugin/training/understanding.py" />
      <source>Objects by class name alone</source>
      <translation>Objekte nur mit Klassennamen</translation>
    </message>
    <message>
      <location filename="../../plugin/training/understanding.py" />
      <source>All of a class</source>
      <translation>Alle einer Klasse</translation>
    </message>
    <message>
      <location filename="../../plugin/training/understanding.py" />
      <source>Nothing to find</source>
      <translation>Nichts zu finden</translation>
    </message>
    <message>
      <location filename="../../plugin/training/understanding.py" />
      <source>Training takes {steps} steps.</source>
      <translation>Das Training dauert {steps} Schritte.</translation>
    </message>
    <message>
      <location filename="../../plugin/training/understanding.py" />
      <source>(new)</source>
      <translation>(neu)</translation>
    </message>
    <message>
      <location filename="../../plugin/training/understanding.py" />
      <source>“{old}” is called “{new}”.</source>
      <translation>„{old}“ heißt „{new}“.</translation>
    </message>
    <message>
      <location filename="../../plugin/training/understanding.py" />
      <source>Rows that could not be used as they are</source>
      <translation>Zeilen, die so nicht zu gebrauchen waren</translation>
    </message>
    <message>
      <location filename="../../plugin/training/understanding.py" />
      <source>and {count} more</source>
      <translation>und {count} weitere</translation>
    </message>
    <message>
      <location filename="../../plugin/worker/prepare.py" />
      <source>Referent: preparing the engine</source>
      <translation>Referent: Engine vorbereiten</translation>
    </message>
    <message>
      <location filename="../../plugin/worker/prepare.py" />
      <source>The engine could not be prepared: {reason}</source>
      <translation>Die Engine konnte nicht vorbereitet werden: {reason}</translation>
    </message>
    <message>
      <location filename="../../plugin/worker/service.py" />
      <source>The Python chosen for the engine is not there any more: {path}. Choose another on the settings page.</source>
      <translation>Das für die Engine gewählte Python gibt es nicht mehr: {path}. Auf der Einstellungsseite ein anderes wählen.</translation>
    </message>
  </context>
</TS>
