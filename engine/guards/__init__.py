"""What watches the training steps of a model without being part of them: wrappers in `model.around_step`.

    missing_gradients   says why a weight has no gradient; around the steps of every model
    made_anew           refuses a step that makes layers which nothing keeps; around the steps of every model
    loss_fit            warns where a loss does not fit what the last layer gives; around the steps of every model
    reasons             says why a loss is NaN or a kernel has refused a batch, and which learning rate is none; likewise
    nan_guard           fit(on_nan="raise"): lets a step that is not finite have no effect, and says where it came from
    gradient_norms      measures gradients and updates, for the callback GradientStats

What a wrapper can do is in engine/around.py. The loss is scaled by a wrapper of an optimizer:
engine/optimizers/loss_scale.py.
"""
