package io.coatcheck.session.codec;

import static io.coatcheck.session.codec.PresetNames.in;
import static io.coatcheck.session.codec.PresetNames.union;

import java.util.Set;

/**
 * What Weld 5 and 6 put into sessions: beans with their identifiers, and conversations. A stand-in
 * for a bean manager, or for a bean of another scope, is replaced on reading by the running
 * application's object with the same identifier.
 */
final class WeldClasses {

  private static final String WELD = "org.jboss.weld";

  static final Set<String> SCOPED_BEANS =
      union(
          in(
              WELD,
              "annotated.slim.AnnotatedTypeIdentifier bean.ManagedBeanIdentifier"
                  + " bean.StringBeanIdentifier bean.builtin.BeanManagerProxy"
                  + " bean.proxy.util.SerializableClientProxy manager.BeanManagerImpl"
                  + " util.ForwardingBeanManager"),
          in(
              WELD + ".contexts",
              "CreationalContextImpl CreationalContextImpl$SerializationProxy"
                  + " SerializableContextualFactory$AbstractSerializableBean"
                  + " SerializableContextualFactory$PassivationCapableSerializableBean"
                  + " SerializableContextualFactory$SerializableContextualHolder"
                  + " SerializableContextualInstanceImpl beanstore.LockStore"
                  + " conversation.ConversationIdGenerator conversation.ConversationImpl"),
          in(
              WELD + ".generated.proxies.enterprise.context",
              "Conversation$Proxy$_$$_WeldClientProxy"));

  private WeldClasses() {}
}
