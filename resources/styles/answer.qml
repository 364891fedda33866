<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.22.16-Białowieża" styleCategories="Symbology|MapTips">
 <renderer-v2 forceraster="0" attr="score" referencescale="-1" graduatedMethod="GraduatedColor" enableorderby="0" type="graduatedSymbol" symbollevels="0">
  <ranges>
   <range render="true" upper="0.600000000000000" symbol="0" label="&lt; 0.6" lower="0.000000000000000"/>
   <range render="true" upper="0.700000000000000" symbol="1" label="0.6 – 0.7" lower="0.600000000000000"/>
   <range render="true" upper="0.800000000000000" symbol="2" label="0.7 – 0.8" lower="0.700000000000000"/>
   <range render="true" upper="0.900000000000000" symbol="3" label="0.8 – 0.9" lower="0.800000000000000"/>
   <range render="true" upper="1.000000000000000" symbol="4" label="≥ 0.9" lower="0.900000000000000"/>
  </ranges>
  <symbols>
   <symbol force_rhr="0" clip_to_extent="1" name="0" alpha="1" type="fill">
    <layer locked="0" enabled="1" pass="0" class="SimpleFill">
     <Option type="Map">
      <Option value="122,1,119,40" name="color" type="QString"/>
      <Option value="round" name="joinstyle" type="QString"/>
      <Option value="122,1,119,255" name="outline_color" type="QString"/>
      <Option value="solid" name="outline_style" type="QString"/>
      <Option value="0.5" name="outline_width" type="QString"/>
      <Option value="MM" name="outline_width_unit" type="QString"/>
      <Option value="solid" name="style" type="QString"/>
     </Option>
    </layer>
   </symbol>
   <symbol force_rhr="0" clip_to_extent="1" name="1" alpha="1" type="fill">
    <layer locked="0" enabled="1" pass="0" class="SimpleFill">
     <Option type="Map">
      <Option value="197,27,138,40" name="color" type="QString"/>
      <Option value="round" name="joinstyle" type="QString"/>
      <Option value="197,27,138,255" name="outline_color" type="QString"/>
      <Option value="solid" name="outline_style" type="QString"/>
      <Option value="0.5" name="outline_width" type="QString"/>
      <Option value="MM" name="outline_width_unit" type="QString"/>
      <Option value="solid" name="style" type="QString"/>
     </Option>
    </layer>
   </symbol>
   <symbol force_rhr="0" clip_to_extent="1" name="2" alpha="1" type="fill">
    <layer locked="0" enabled="1" pass="0" class="SimpleFill">
     <Option type="Map">
      <Option value="247,104,161,40" name="color" type="QString"/>
      <Option value="round" name="joinstyle" type="QString"/>
      <Option value="247,104,161,255" name="outline_color" type="QString"/>
      <Option value="solid" name="outline_style" type="QString"/>
      <Option value="0.5" name="outline_width" type="QString"/>
      <Option value="MM" name="outline_width_unit" type="QString"/>
      <Option value="solid" name="style" type="QString"/>
     </Option>
    </layer>
   </symbol>
   <symbol force_rhr="0" clip_to_extent="1" name="3" alpha="1" type="fill">
    <layer locked="0" enabled="1" pass="0" class="SimpleFill">
     <Option type="Map">
      <Option value="254,178,76,40" name="color" type="QString"/>
      <Option value="round" name="joinstyle" type="QString"/>
      <Option value="254,178,76,255" name="outline_color" type="QString"/>
      <Option value="solid" name="outline_style" type="QString"/>
      <Option value="0.5" name="outline_width" type="QString"/>
      <Option value="MM" name="outline_width_unit" type="QString"/>
      <Option value="solid" name="style" type="QString"/>
     </Option>
    </layer>
   </symbol>
   <symbol force_rhr="0" clip_to_extent="1" name="4" alpha="1" type="fill">
    <layer locked="0" enabled="1" pass="0" class="SimpleFill">
     <Option type="Map">
      <Option value="255,255,51,40" name="color" type="QString"/>
      <Option value="round" name="joinstyle" type="QString"/>
      <Option value="255,255,51,255" name="outline_color" type="QString"/>
      <Option value="solid" name="outline_style" type="QString"/>
      <Option value="0.5" name="outline_width" type="QString"/>
      <Option value="MM" name="outline_width_unit" type="QString"/>
      <Option value="solid" name="style" type="QString"/>
     </Option>
    </layer>
   </symbol>
  </symbols>
  <classificationMethod id="Custom">
   <symmetricMode enabled="0" symmetrypoint="0" astride="0"/>
   <labelFormat format="%1 - %2" trimtrailingzeroes="1" labelprecision="4"/>
   <parameters>
    <Option/>
   </parameters>
   <extraInformation/>
  </classificationMethod>
  <rotation/>
  <sizescale/>
 </renderer-v2>
 <blendMode>0</blendMode>
 <featureBlendMode>0</featureBlendMode>
 <mapTip>&lt;b>[% "expression" %]&lt;/b>&lt;br>score [% format_number("score", 2) %], [% format_number("area_m2", 1) %] m²</mapTip>
 <layerGeometryType>2</layerGeometryType>
</qgis>
