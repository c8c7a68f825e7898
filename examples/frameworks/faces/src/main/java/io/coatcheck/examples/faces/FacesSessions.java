package io.coatcheck.examples.faces;

import io.coatcheck.session.codec.AllowListPreset;
import io.coatcheck.session.codec.JavaSerializationCodec;

/** The classes of this application, and of its frameworks, that may be in a session. */
public final class FacesSessions {

  private FacesSessions() {}

  /**
   * Returns the allow-list.
   *
   * @param faces the preset of the implementation of Faces
   */
  public static JavaSerializationCodec.Builder allowList(AllowListPreset faces) {
    JavaSerializationCodec.Builder builder =
        JavaSerializationCodec.builder()
            .allow(faces, AllowListPreset.PRIMEFACES, AllowListPreset.WELD)
            .allow("io.coatcheck.examples.faces.**");
    return allowExpressions(builder);
  }

  /**
   * Allows the classes in the state of PrimeFaces tables that can be sorted or filtered. They hold
   * the text of expressions, which Faces evaluates. Anyone who can write to the store can have any
   * expression evaluated. So no preset has these classes, and an application with such tables
   * decides for itself.
   */
  private static JavaSerializationCodec.Builder allowExpressions(
      JavaSerializationCodec.Builder builder) {
    return builder
        .allow("jakarta.el.Expression")
        .allow("jakarta.el.ValueExpression")
        .allow("org.apache.el.ValueExpressionImpl")
        .allow("org.jboss.weld.module.web.el.WeldValueExpression")
        .allow("org.jboss.weld.module.web.util.el.ForwardingValueExpression")
        // Mojarra
        .allow("com.sun.faces.facelets.el.TagValueExpression")
        // MyFaces
        .allow("jakarta.faces.view.Location")
        .allow("org.apache.myfaces.view.facelets.el.ContextAwareTagValueExpression");
  }
}
