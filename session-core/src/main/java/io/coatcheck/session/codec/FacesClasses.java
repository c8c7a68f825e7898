package io.coatcheck.session.codec;

import static io.coatcheck.session.codec.PresetNames.in;
import static io.coatcheck.session.codec.PresetNames.union;

import java.util.Set;
import java.util.stream.Collectors;

/**
 * What Mojarra 4.1 and MyFaces 4.1 put into sessions: the state of views, and related data. The
 * fields of these classes are strings, numbers and collections of these classes. Most are enums, by
 * which components name their properties. Classes that evaluate expressions are not included.
 */
final class FacesClasses {

  private static final String COMPONENT = "jakarta.faces.component";

  /** The names of properties that a component records in the state of its view. */
  private static final Set<String> PROPERTIES =
      union(
          in("jakarta.faces.application", "FacesMessage ProjectStage"),
          propertyKeys(
              COMPONENT,
              "UICommand UIComponent UIData UIForm UIGraphic UIImportConstants"
                  + " UIInput UIMessage UIMessages UINamingContainer UIOutcomeTarget"
                  + " UIOutput UIParameter UISelectItem UISelectItems UISelectOne"
                  + " UIViewAction UIViewParameter UIViewRoot UIWebsocket"),
          propertyKeys(
              COMPONENT + ".html",
              "HtmlBody HtmlColumn HtmlCommandButton HtmlCommandLink"
                  + " HtmlCommandScript HtmlDataTable HtmlDoctype HtmlForm"
                  + " HtmlGraphicImage HtmlHead HtmlInputFile HtmlInputHidden"
                  + " HtmlInputSecret HtmlInputText HtmlInputTextarea HtmlMessage"
                  + " HtmlMessages HtmlOutcomeTargetButton HtmlOutcomeTargetLink"
                  + " HtmlOutputFormat HtmlOutputLabel HtmlOutputLink HtmlOutputText"
                  + " HtmlPanelGrid HtmlPanelGroup HtmlSelectBooleanCheckbox"
                  + " HtmlSelectManyCheckbox HtmlSelectManyListbox HtmlSelectManyMenu"
                  + " HtmlSelectOneListbox HtmlSelectOneMenu HtmlSelectOneRadio"));

  static final Set<String> MOJARRA =
      union(
          PROPERTIES,
          in(COMPONENT, "StateHolderSaver UIComponent$PropertyKeysPrivate UIViewRoot$ViewMap"),
          in("com.sun.faces.application.view", "StateHolderSaver ViewScopeContextObject"),
          in("com.sun.faces.context", "SessionMap$Mutex"),
          in("com.sun.faces.util", "LRUMap"),
          propertyKeys(
              "com.sun.faces", "component.PassthroughElement ext.component.UIValidateWholeBean"));

  /** The classes by which Faces records the kind of collection that a component received. */
  static final Set<String> COLLECTIONS =
      union(
          in(
              "java.util",
              "ArrayList HashMap HashSet LinkedHashMap LinkedHashSet LinkedList TreeMap TreeSet"),
          in("java.util.concurrent", "ConcurrentHashMap CopyOnWriteArrayList"));

  static final Set<String> MYFACES =
      union(
          PROPERTIES,
          in(
              COMPONENT,
              "_AttachedListStateWrapper _AttachedStateWrapper _DeltaStateHelper$InternalMap"),
          in(
              "org.apache.myfaces",
              "application.viewstate.SerializedViewCollection"
                  + " application.viewstate.SerializedViewKey"
                  + " application.viewstate.SerializedViewKeyIntByteArray"
                  + " application.viewstate.SerializedViewKeyIntInt"
                  + " context.flash.FlashImpl$MessageEntry"
                  + " cdi.FacesApplicationArtifactHolder$Proxy$_$$_WeldClientProxy"
                  + " cdi.util.AbstractContextualStorageHolder cdi.util.ContextualInstanceInfo"
                  + " cdi.util.ContextualStorage cdi.view.ViewScopeContextualStorageHolder"
                  + " cdi.view.ViewScopeContextualStorageHolder$Proxy$_$$_WeldClientProxy"
                  + " view.ViewScopeProxyMap view.facelets.AttachedFullStateWrapper"
                  + " view.facelets.ComponentState"
                  + " view.facelets.PartialStateManagementStrategy$TreeStructComponent"),
          propertyKeys(
              COMPONENT, "UISelectItemGroup UISelectItemGroups _UIWebsocket behavior.AjaxBehavior"),
          propertyKeys(
              "org.apache.myfaces",
              "component.validate.ValidateWholeBeanComponent push.WebsocketComponent"
                  + " push.WebsocketInit view.facelets.component.JsfElement"
                  + " view.facelets.component.UIRepeat"));

  static final Set<String> MYFACES_VALUES =
      union(
          COLLECTIONS,
          in(COMPONENT, "_DeltaStateHelper$InternalMap"),
          in("org.apache.myfaces.view", "ViewScopeProxyMap"));

  private FacesClasses() {}

  /** Returns the property-name enums of components, whose names are separated by spaces. */
  static Set<String> propertyKeys(String packageName, String components) {
    return in(packageName, components).stream()
        .map(name -> name + "$PropertyKeys")
        .collect(Collectors.toUnmodifiableSet());
  }
}
