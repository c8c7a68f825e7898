package io.coatcheck.session.codec;

import static io.coatcheck.session.codec.PresetNames.in;

import java.util.Set;

/**
 * What Apache Struts 7 puts into sessions. {@code InvocationContext} is one string, the token of a
 * form; its other field is transient. {@code StrutsBackgroundProcess} is not included: once
 * decoded, it has lost its work, and the page that waits for it would wait forever.
 */
final class StrutsClasses {

  static final Set<String> ALL =
      in("org.apache.struts2.util", "InvocationSessionStore$InvocationContext");

  private StrutsClasses() {}
}
